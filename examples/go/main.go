// Command kachery stores a file in a running kachery-p2p node and reads it back, with nothing but stubs that buf generated from the node's protobuf
// definitions. It checks every byte, and shows what an error of the node looks like.
package main

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	kachery "example.org/kachery/gen/kachery_p2p/v1"
)

// Data travels in messages of this size; the node takes up to 4 MiB in one.
const messageBytes = 256 * 1024

func main() {
	log.SetFlags(0)
	address := flag.String("address", "localhost:20421", "where the node listens, host:port")
	tokenFile := flag.String("token-file", "", "file with the client token: client-auth in the node's storage directory")
	path := flag.String("file", "", "the file to store")
	flag.Parse()
	if err := run(*address, *tokenFile, *path); err != nil {
		log.Fatal(err)
	}
}

func run(address, tokenFile, path string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()

	node, err := kachery.NewNodeServiceClient(connection).GetNode(ctx, &kachery.GetNodeRequest{})
	if err != nil {
		return fmt.Errorf("no node answers at %s: %w", address, err)
	}
	fmt.Printf("node %s, version %s\n", node.NodeId, node.Version)

	// GetNode needs no token. Everything else does.
	token, err := os.ReadFile(tokenFile)
	if err != nil {
		return err
	}
	ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+strings.TrimSpace(string(token)))
	files := kachery.NewFileServiceClient(connection)

	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	stored, err := store(ctx, files, filepath.Base(path), bytes.NewReader(content))
	if err != nil {
		return err
	}
	fmt.Printf("stored %s\n", stored.Uri)
	if sum := sha1.Sum(content); stored.Sha1 != hex.EncodeToString(sum[:]) || stored.SizeBytes != uint64(len(content)) {
		return fmt.Errorf("the node stored something else than was sent: %v", stored)
	}

	whole, err := read(ctx, files, &kachery.ReadFileRequest{Uri: stored.Uri})
	if err != nil {
		return err
	}
	if !bytes.Equal(whole, content) {
		return errors.New("the node gave back something else than was stored")
	}
	fmt.Printf("read %d bytes, all equal\n", len(whole))

	offset := len(content) / 3
	length := len(content) - 2*offset
	middle, err := read(ctx, files, &kachery.ReadFileRequest{Uri: stored.Uri, Offset: uint64(offset), Length: uint64(length)})
	if err != nil {
		return err
	}
	if !bytes.Equal(middle, content[offset:offset+length]) {
		return errors.New("the node gave back another range than was asked for")
	}
	fmt.Printf("read bytes %d to %d, all equal\n", offset, offset+length)

	_, err = read(ctx, files, &kachery.ReadFileRequest{Uri: "sha1://not-a-hash"})
	fmt.Printf("a wrong URI gives %s, reason %s: %s\n", status.Code(err), reason(err), status.Convert(err).Message())
	return nil
}

// store sends a file: the header first, then its bytes.
func store(ctx context.Context, files kachery.FileServiceClient, label string, content io.Reader) (*kachery.FileInfo, error) {
	stream, err := files.StoreFile(ctx)
	if err != nil {
		return nil, err
	}
	header := &kachery.StoreFileHeader{Label: label}
	err = stream.Send(&kachery.StoreFileRequest{Part: &kachery.StoreFileRequest_Header{Header: header}})
	for err == nil {
		// Each message has a buffer of its own: the one before may still be on its way.
		data := make([]byte, messageBytes)
		var count int
		count, err = content.Read(data)
		if err == nil {
			err = stream.Send(&kachery.StoreFileRequest{Part: &kachery.StoreFileRequest_Data{Data: data[:count]}})
		}
	}
	// io.EOF is the end of the content, or the node has answered early; CloseAndRecv tells which.
	if !errors.Is(err, io.EOF) {
		return nil, err
	}
	response, err := stream.CloseAndRecv()
	return response.GetFile(), err
}

// read gives the bytes of a range of a file.
func read(ctx context.Context, files kachery.FileServiceClient, request *kachery.ReadFileRequest) ([]byte, error) {
	stream, err := files.ReadFile(ctx, request)
	if err != nil {
		return nil, err
	}
	var content bytes.Buffer
	for {
		response, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return content.Bytes(), nil
		}
		if err != nil {
			return nil, err
		}
		content.Write(response.Data)
	}
}

// reason gives the name of the kachery_p2p.v1.ErrorReason that the node sent with an error.
func reason(err error) string {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			return info.Reason
		}
	}
	return "unknown"
}
