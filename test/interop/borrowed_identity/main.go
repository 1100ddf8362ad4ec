// A client of TLS that shows a certificate whose private key it does not have. OpenSSL, and so Node, refuses to do that.
//
// Arguments: the address, a file with the certificate, and the protocol. Prints how many bytes the server sends after the handshake.
package main

import (
	"crypto/ed25519"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"os"
	"time"
)

func main() {
	address, path, protocol := os.Args[1], os.Args[2], os.Args[3]
	text, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	borrowed, _ := pem.Decode(text)
	_, own, err := ed25519.GenerateKey(nil)
	if err != nil {
		log.Fatal(err)
	}
	shown := &tls.Certificate{Certificate: [][]byte{borrowed.Bytes}, PrivateKey: own}
	connection, err := tls.Dial("tcp", address, &tls.Config{
		InsecureSkipVerify:   true,
		MinVersion:           tls.VersionTLS13,
		NextProtos:           []string{protocol},
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return shown, nil },
	})
	if err != nil {
		log.Fatal(err)
	}
	defer connection.Close()
	_ = connection.SetDeadline(time.Now().Add(time.Minute))
	_, _ = connection.Write([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"))
	answer, err := io.ReadAll(connection)
	fmt.Printf("%d bytes, then: %v\n", len(answer), err)
}
