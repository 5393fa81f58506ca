package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

const (
	posternOnDisk   = "Postern"
	posternInMemory = "Postern, audit in memory"
)

// posternSettings is the configuration of `postern serve`.
const posternSettings = `listen: 127.0.0.1:%d
admin: {listen: 127.0.0.1:%d}
state: sqlite:%s
audit: {dir: %s}
resources: [%s]
`

// startPostern starts `postern serve` in front of the warehouse with all its files in home, and logs in once as the person
// without a row filter.
func startPostern(ctx context.Context, o options, home string, w *warehouse) (competitor, error) {
	program, err := filepath.Abs(o.postern)
	if err != nil {
		return competitor{}, fmt.Errorf("finding %s: %w", o.postern, err)
	}
	port, err1 := freePort()
	admin, err2 := freePort()
	if err := errors.Join(err1, err2); err != nil {
		return competitor{}, err
	}
	file := func(name string) string { return filepath.Join(home, name) }
	settings := fmt.Sprintf(posternSettings, port, admin, file("state.db"), file("audit"), file("policies"))
	err = errors.Join(os.Mkdir(home, 0o700), os.Mkdir(file("audit"), 0o700), os.Mkdir(file("policies"), 0o700),
		os.WriteFile(file("postern.yaml"), []byte(settings), 0o600), writePolicies(file("policies"), file(""), o.Scale, w))
	if err != nil {
		return competitor{}, fmt.Errorf("writing Postern's files: %w", err)
	}
	s, err := startServer(nil, home, program, "serve", "-c", file("postern.yaml"))
	if err != nil {
		return competitor{}, err
	}
	c := competitor{host: "127.0.0.1", port: port, user: plainUser, password: plainPassword, proxy: s}
	if err := s.await(ctx, c.answers); err != nil {
		return competitor{}, errors.Join(err, closeServer(s))
	}
	return c, nil
}

// as is the same way, taken by somebody else.
func (c competitor) as(user, password string) competitor {
	c.user, c.password = user, password
	return c
}

// writePolicies writes the resource files into folder, and the passwords beside it.
func writePolicies(folder, secrets string, scale int, w *warehouse) error {
	secret := func(name string) string { return filepath.Join(secrets, name) }
	text := fmt.Sprintf(policies, strconv.Itoa(w.cluster.Port), service, secret("service"), database,
		plainUser, secret("plain"), filteredUser, secret("filtered"), max(1, scale/2))
	return errors.Join(
		os.WriteFile(secret("service"), []byte(w.password), 0o600),
		os.WriteFile(secret("plain"), []byte(plainPassword), 0o600),
		os.WriteFile(secret("filtered"), []byte(filteredPassword), 0o600),
		os.WriteFile(filepath.Join(folder, "bench.yaml"), []byte(text), 0o600))
}
