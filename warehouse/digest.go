package warehouse

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"strconv"
	"time"
)

// digest answers authentication code 13. The request is an algorithm (0 is SHA-256), the length of a salt, the salt, the length of the
// server's nonce, and the nonce. The answer is a message of type 'd' with the length of the digest, the digest, the length of the client's
// nonce, and the nonce, which is the time in milliseconds as AWS's drivers have it.
func (h *handshake) digest(request []byte) error {
	if len(request) < 4 || binary.BigEndian.Uint32(request) != 0 {
		return errors.New("a request for a digest by an algorithm that is not known")
	}
	salt, rest, ok := counted(request[4:])
	serverNonce, rest, ok2 := counted(rest)
	if !ok || !ok2 || len(rest) != 0 || len(serverNonce) == 0 {
		return errors.New("a malformed request for a digest")
	}
	clientNonce := []byte(strconv.FormatInt(time.Now().UnixMilli(), 10))
	digest := passwordDigest(h.login.Password.Reveal(), salt, serverNonce, clientNonce)
	body := binary.BigEndian.AppendUint32(nil, uint32(len(digest)))
	body = append(body, digest[:]...)
	body = binary.BigEndian.AppendUint32(body, uint32(len(clientNonce)))
	return h.send('d', append(body, clientNonce...))
}

// passwordDigest is SHA256(SHA256(password, salt), server's nonce, client's nonce). The user's name is no part of it.
func passwordDigest(password string, salt, serverNonce, clientNonce []byte) [sha256.Size]byte {
	stored := sha256.Sum256(append([]byte(password), salt...))
	all := append(append(append([]byte{}, stored[:]...), serverNonce...), clientNonce...)
	return sha256.Sum256(all)
}

// counted cuts bytes with their length before them off the front.
func counted(b []byte) (value, rest []byte, ok bool) {
	if len(b) < 4 {
		return nil, nil, false
	}
	n := binary.BigEndian.Uint32(b)
	if uint64(n) > uint64(len(b)-4) {
		return nil, nil, false
	}
	return b[4 : 4+n], b[4+n:], true
}
