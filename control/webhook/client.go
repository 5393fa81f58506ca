package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"syscall"
	"time"

	"github.com/posternsql/postern/control"
	"github.com/posternsql/postern/control/resource"
)

// maxHeaderBytes bounds the headers of an answer, the only part of it that is read.
const maxHeaderBytes = 16 << 10

// newClient reaches what the webhook may reach and nothing else. It takes no proxy from the environment: one would dial in our place.
func newClient(w resource.Webhook, roots *x509.CertPool, timeout time.Duration) *http.Client {
	dialer := &net.Dialer{Timeout: timeout, Control: func(_, address string, _ syscall.RawConn) error {
		// The address is what the name resolved to just now, so that a name cannot change between a look and the dialing.
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return err
		}
		return reachable(w, to.Addr())
	}}
	return &http.Client{
		Timeout: timeout,
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout: timeout, MaxResponseHeaderBytes: maxHeaderBytes, DisableKeepAlives: true, DisableCompression: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// reachable refuses addresses at which a webhook could speak to this machine or its network without being meant to.
func reachable(w resource.Webhook, address netip.Addr) error {
	address = address.Unmap()
	switch {
	case w.Loopback() && address.IsLoopback():
		return nil
	case w.Loopback(), address.IsLoopback():
		return errors.New("the name resolves to a loopback address, or should and does not")
	case within(address, neverReached()) || !address.IsGlobalUnicast() || address.Zone() != "":
		return errors.New("the name resolves to an address that no webhook may reach")
	case !w.Private && (address.IsPrivate() || within(address, privateToo())):
		return errors.New("the name resolves to an address of a private network, and the webhook does not say private: true")
	}
	return nil
}

// neverReached are this network (RFC 1122), reserved (RFC 1112), the metadata service of a cloud at its IPv6 address, and IPv6 that leads
// to IPv4 addresses in disguise (RFC 6052, RFC 8215, RFC 3056, RFC 4380, RFC 4291 2.5.5.1). Link-local, with the other metadata services, and multicast are
// no global unicast.
func neverReached() []string {
	return []string{"0.0.0.0/8", "240.0.0.0/4", "168.63.129.16/32", "100.100.100.200/32", "fd00:ec2::/32", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96"}
}

// privateToo are shared address space (RFC 6598), protocol assignments (RFC 6890), benchmarking (RFC 2544), and site-local (RFC 3879).
func privateToo() []string {
	return []string{"100.64.0.0/10", "192.0.0.0/24", "198.18.0.0/15", "fec0::/10"}
}

func within(address netip.Addr, prefixes []string) bool {
	for _, p := range prefixes {
		if netip.MustParsePrefix(p).Contains(address) {
			return true
		}
	}
	return false
}

// post makes one attempt. Errors hold neither the URL nor anything of the answer but its status.
func post(ctx context.Context, client *http.Client, w resource.Webhook, n control.QueuedNotice, lost int64, now time.Time) error {
	given, err := w.Secret.Resolve()
	if err != nil {
		return err
	}
	k, err := key(given)
	if err != nil {
		return err
	}
	content, err := body(n, lost)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(content))
	if err != nil {
		return errors.New("the URL is none")
	}
	id := identify(n)
	for name, value := range map[string]string{
		"Content-Type": "application/json", "User-Agent": "postern", "webhook-id": id,
		"webhook-timestamp": strconv.FormatInt(now.Unix(), 10), "webhook-signature": sign(k, id, now, content),
	} {
		request.Header.Set(name, value)
	}
	response, err := client.Do(request)
	if err != nil {
		var of *url.Error
		if errors.As(err, &of) {
			err = of.Err
		}
		return err
	}
	// What the answer says beyond its status is nobody's business, and closing without reading ends the connection. An error here changes nothing.
	_ = response.Body.Close()
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("the answer is status %d", response.StatusCode)
	}
	return nil
}
