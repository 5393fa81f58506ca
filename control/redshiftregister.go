package control

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/secret"
	"github.com/posternsql/postern/warehouse"
)

// RedshiftRegistration is what a connection to a Redshift needs for the set. The system account's password, of which only a digest is kept, is
// resolved now unless withoutPassword says that nothing will be run.
func RedshiftRegistration(set *resource.Set, connection string, lambda warehouse.RedshiftLambda, withoutPassword bool) (out warehouse.RedshiftRegistration, err error) {
	i := slices.IndexFunc(set.Connections, func(c resource.Connection) bool { return c.Name == connection })
	if i < 0 {
		return out, fmt.Errorf("there is no Connection %q", connection)
	}
	c := set.Connections[i]
	out = warehouse.RedshiftRegistration{Database: c.Database, Service: c.User, History: c.Log.Format != "", Lambda: lambda}
	if c.BuiltinMasks() {
		if out.Masks, err = redshiftKeys(set, withoutPassword); err != nil {
			return out, err
		}
	}
	for _, s := range set.Sources {
		if name, err := s.Parts(); err == nil && name.Connection == connection {
			out.Tables = append(out.Tables, warehouse.TableName{Schema: name.Schema, Name: name.Table})
		}
	}
	for _, s := range set.PushSettings {
		if s.Connection != connection {
			continue
		}
		out.System, out.Write, out.CreateUsers = s.User, !s.ReadOnly, s.CreateRoles != nil && *s.CreateRoles
		if s.Password.IsZero() || withoutPassword {
			return out, nil
		}
		text, err := s.Password.Resolve()
		if err != nil {
			return out, fmt.Errorf("the password of PushSettings %s: %w", s.Name, err)
		}
		out.Verifier = redshiftVerifier(text)
		return out, nil
	}
	return out, nil
}

// redshiftKeys are the domains that the set names, with the keys that are given unless withoutKeys says that nothing will be run.
func redshiftKeys(set *resource.Set, withoutKeys bool) (warehouse.RedshiftKeys, error) {
	out := warehouse.RedshiftKeys{Domains: domainNames(set), Versions: map[string]int{}, Keys: map[string]secret.Value{}}
	for _, d := range set.TokenDomains {
		out.Versions[d.Name] = d.Version
		if d.Key.IsZero() || withoutKeys {
			continue
		}
		key, err := domainKey(d)
		if err != nil {
			return out, fmt.Errorf("the key of TokenDomain %s: %w", d.Name, err)
		}
		out.Keys[d.Name] = key
	}
	return out, nil
}

// redshiftVerifier is a password as CREATE USER takes it without being told it (Developer Guide, CREATE USER: sha256|digest|salt).
func redshiftVerifier(password secret.Value) secret.Value {
	drawn := make([]byte, 16)
	_, _ = rand.Read(drawn) // never fails
	salt := hex.EncodeToString(drawn)
	sum := sha256.Sum256([]byte(password.Reveal() + salt))
	return secret.NewValue("sha256|" + hex.EncodeToString(sum[:]) + "|" + salt)
}
