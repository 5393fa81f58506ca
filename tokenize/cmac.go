package tokenize

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
)

const blockBytes = aes.BlockSize

type block = [blockBytes]byte

// cmac is AES-CMAC (RFC 4493, NIST SP 800-38B) with its subkeys.
type cmac struct {
	aes    cipher.Block
	k1, k2 block
}

func newCMAC(c cipher.Block) *cmac {
	m := &cmac{aes: c}
	var l block
	c.Encrypt(l[:], l[:])
	m.k1 = dbl(l)
	m.k2 = dbl(m.k1)
	return m
}

// sum returns the CMAC of message.
func (m *cmac) sum(message []byte) block {
	var x block
	for len(message) > blockBytes {
		subtle.XORBytes(x[:], x[:], message[:blockBytes])
		m.aes.Encrypt(x[:], x[:])
		message = message[blockBytes:]
	}
	var last block
	copy(last[:], message)
	if len(message) == blockBytes {
		last = xor(last, m.k1)
	} else {
		last[len(message)] = 0x80
		last = xor(last, m.k2)
	}
	x = xor(x, last)
	m.aes.Encrypt(x[:], x[:])
	return x
}

func xor(a, b block) block {
	subtle.XORBytes(a[:], a[:], b[:])
	return a
}

// dbl multiplies by x in GF(2^128) (RFC 5297, section 2.3), without a branch on
// the secret.
func dbl(in block) block {
	var out block
	carry := byte(0)
	for i := blockBytes - 1; i >= 0; i-- {
		out[i] = in[i]<<1 | carry
		carry = in[i] >> 7
	}
	out[blockBytes-1] ^= 0x87 & -carry
	return out
}
