#!/usr/bin/env bash
# Three nodes on one machine exchange a file over a channel: a first look at how a lab would do it on three. Needs the command kachery-p2p. Everything is written
# to a temporary directory, and nothing is left running.
set -euo pipefail

dir=$(mktemp -d)
port=${1:-20422}
trap 'for node in one two three; do on $node stop-daemon >/dev/null 2>&1 || true; done; rm -rf "$dir"' EXIT

# Runs a command for one of the nodes: each has directories and a port of its own, as each machine would.
on() {
  local node=$1
  shift
  env KACHERY_P2P_CONFIG_DIR="$dir/$node/config" KACHERY_P2P_API_PORT="$(cat "$dir/$node/port" 2>/dev/null || echo 0)" kachery-p2p "$@"
}

echo '1. Start three daemons. On three machines this would be "kachery-p2p start-daemon" on each.'
for node in one two three; do
  mkdir -p "$dir/$node/storage"
  peer_port=$([ "$node" = one ] && echo "$port" || echo 0)
  ready=$(on "$node" start-daemon --background --json --label "$node" --storage-dir "$dir/$node/storage" --peer-host 127.0.0.1 --peer-port "$peer_port")
  sed -E 's/.*"port":([0-9]+).*/\1/' <<<"$ready" >"$dir/$node/port"
done

echo '2. Write the channel: who may talk to whom, and where to find one of them.'
{
  printf 'channelLabel: three-nodes\nbootstrapAddresses:\n  - hostName: 127.0.0.1\n    port: %s\nauthorizedNodes:\n' "$port"
  for node in one two three; do
    printf '  - nodeId: %s\n    nodeLabel: %s\n' "$(on "$node" node-info --json | sed -E 's/.*"nodeId":"([0-9a-f]+)".*/\1/')" "$node"
  done
} >"$dir/channel.yaml"
cat "$dir/channel.yaml"

echo '3. Join it, on each node. On three machines the file would be at a URL.'
for node in one two three; do on "$node" join-channel "$dir/channel.yaml"; done

echo '4. Store a file on the first node.'
head -c 50000000 /dev/urandom >"$dir/recording.dat"
uri=$(on one store "$dir/recording.dat")
echo "$uri"

echo '5. Read a few bytes of it on the third node: only the chunk that they are in comes over the network.'
on three cat "$uri" --start 30000000 --end 30000016 | od -An -tx1

echo '6. Load all of it on the second node, and then on the third, which gets it from both others.'
on two load "$uri" --dest "$dir/copy-on-two.dat"
on three load "$uri" --dest "$dir/copy-on-three.dat"
cmp "$dir/recording.dat" "$dir/copy-on-two.dat"
cmp "$dir/recording.dat" "$dir/copy-on-three.dat"

echo '7. Who has it now, and who is connected with whom?'
on three find "$uri"
on three peers

echo '8. Stop the first node: the others still have the file.'
on one stop-daemon
on two rm "$uri"
on two load "$uri" >/dev/null
echo 'The second node got it from the third.'
