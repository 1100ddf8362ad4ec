"""A log of a feed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ._access_rules import format_rules, parse_rules
from ._errors import DaemonNotRunningError, failure
from ._feed_names import SubfeedName
from ._message_log import MessageLog
from ._message_stream import MessageStream
from ._node_id import parse_node_id
from ._position import parse_position
from ._signed_message import SignedMessage


class Subfeed:
    """A log of a feed: messages at positions 0, 1, 2 and so on, each any JSON value.

    It remembers a position, of the next message to read; that of another object for the same
    subfeed is another one. Iterating gives all messages that are there, from the first on, and
    leaves the position alone.

    A message is read as it was written; whole numbers keep all their digits. Every method that
    speaks with the daemon raises NotFoundError (``feed-not-found``) if the feed was deleted, and
    other exceptions of this package that say what went wrong.
    """

    def __init__(self, log: MessageLog, name: Any, parsed: SubfeedName, position: int = 0) -> None:
        self._log = log
        self._name = name
        self._hash = parsed.hash
        self.set_position(position)

    def __repr__(self) -> str:
        return f"<Subfeed {self.get_uri()}>"

    def get_uri(self) -> str:
        """The subfeed's address, ``feed://<id>/<name>``; of a snapshot's, the snapshot's.

        ``~`` and the name's hash stand for a name that is no text, and for one that is too long.
        """
        return self._log.uri

    def get_subfeed_name(self) -> Any:
        """The name that it was asked for by: a text, ``~`` and its hash, or any JSON value."""
        return self._name

    def get_subfeed_hash(self) -> str:
        """Hash of its name, 40 hexadecimal digits."""
        return self._hash

    def is_snapshot(self) -> bool:
        """Whether it is of a snapshot, and so never changes."""
        return self._log.is_snapshot

    def is_writeable(self) -> bool:
        """Whether messages can be appended to it here, and not only submitted."""
        return self._log.is_writeable

    def get_position(self) -> int:
        """Position of the next message to read."""
        return self._position

    def set_position(self, position: int) -> None:
        """Says which message to read next. Raises InvalidArgumentError if it cannot be."""
        self._position = parse_position(position)

    def get_num_local_messages(self) -> int:
        """How many messages the daemon has of it: the position that the next one gets."""
        return self._log.length()

    def get_next_messages(
        self,
        wait_msec: float = 10,
        signed: bool = False,
        max_num_messages: int = 0,
        advance_position: bool = True,
    ) -> list[Any]:
        """The messages from the position on, all that are there.

        Args:
            wait_msec: How long to wait for a message if there is none, in milliseconds.
            signed: Gives SignedMessage instead of the JSON values: with position, time,
                submitter, hashes and signature. An append is then read whole, even if that is
                more than ``max_num_messages``.
            max_num_messages: How many at most; 0 for all.
            advance_position: Moves the position behind them.

        Returns:
            The messages, in order; empty if none came in time.

        Raises:
            InvalidArgumentError: A message is no JSON: another program wrote it. Signed ones
                have its bytes.
            KacheryError: Anything else that went wrong.
        """
        messages = self._next(wait_msec, signed, parse_position(max_num_messages))
        if advance_position:
            self._position += len(messages)
        return messages

    def get_next_message(
        self, wait_msec: float = 10, signed: bool = False, advance_position: bool = True
    ) -> Any:
        """The message at the position; None if none came in time.

        A message may be None, too; if that matters, use ``get_next_messages`` or ``signed``.
        Arguments and exceptions are those of ``get_next_messages``.
        """
        messages = self._next(wait_msec, signed, 1)[:1]
        if advance_position:
            self._position += len(messages)
        return messages[0] if messages else None

    def __iter__(self) -> Iterator[Any]:
        for values in self._log.read(0, 0, signed=False):
            yield from values

    def follow(self, position: int | None = None, *, signed: bool = False) -> MessageStream:
        """The messages from a position on, and each new one soon after it was appended.

        For use in a ``for`` loop, which ends when the stream is closed from elsewhere, and at
        once by Ctrl-C. A daemon that stops or restarts is waited for, for up to a minute, and no
        message is left out or comes twice. That of a snapshot ends behind the last message.

        Args:
            position: Where to begin; None for ``get_position()``, which it does not move.
            signed: Gives SignedMessage instead of the JSON values.

        Returns:
            An iterator, and a context manager that closes it.

        Raises:
            TooBusyError: This process waits for messages in 1,000 calls already.
            NotFoundError: The feed is not there, or was deleted meanwhile.
            KacheryError: Anything else that went wrong, while iterating.
        """
        start = self._position if position is None else parse_position(position)
        return MessageStream(self._log.follow(start, signed=signed), start)

    def message_stream(self, signed: bool = False) -> Iterator[Any]:
        """As ``follow``, moving the position with each message."""
        with self.follow(signed=signed) as messages:
            for message in messages:
                self._position = messages.position
                yield message

    def print_messages(self) -> None:
        """Prints all messages that are there, each as a line of JSON."""
        for message in self:
            print(json.dumps(message))

    def print_signed_messages(self) -> None:
        """Prints all messages that are there, each with what proves it as a line of JSON."""
        for values in self._log.read(0, 0, signed=True):
            for signed in values:
                print(json.dumps(_printable(signed)))

    def append_message(self, message: Any, *, expected_length: int | None = None) -> int:
        """Appends a message; returns its position. As ``append_messages``."""
        return self.append_messages([message], expected_length=expected_length)

    def append_messages(
        self, messages: Iterable[Any], *, expected_length: int | None = None
    ) -> int:
        """Appends messages, all or none. They are on disk when it returns.

        A call whose connection breaks is made again, and appends once.

        Args:
            messages: JSON values: 1 to 10,000, of at most 1 MiB of JSON each and 6 MiB together.
            expected_length: How many messages the subfeed must have before; None for any number.

        Returns:
            Position of the first of them; the others follow.

        Raises:
            InvalidArgumentError: A message is not JSON, such as NaN, or they are too large or
                too many; then nothing was sent.
            ConflictError: The subfeed has another length than was expected.
            NotPermittedError: The node has not the feed's key: submit instead; or the feed is a
                snapshot.
            KacheryError: Anything else that went wrong.
        """
        expected = None if expected_length is None else parse_position(expected_length)
        return self._log.append(_listed(messages), expected)

    def submit_message(self, message: Any) -> int:
        """Submits a message; returns its position. As ``submit_messages``."""
        return self.submit_messages([message])

    def submit_messages(self, messages: Iterable[Any]) -> int:
        """Has the feed's owner append messages in the name of this node, all or none.

        Arguments and result are those of ``append_messages``.

        Raises:
            NotPermittedError: The subfeed's access rules do not let this node write.
            OfflineError: The feed is another node's, and the daemon is not connected to it.
            KacheryError: Anything else, as ``append_messages``.
        """
        return self._log.submit(_listed(messages))

    def get_access_rules(self) -> dict[str, list[dict[str, Any]]]:
        """Which nodes may submit: ``{"rules": [{"nodeId": ..., "write": True}]}``.

        Nodes that are not named may not.
        """
        return format_rules(self._log.get_rules())

    def set_access_rules(self, rules: Mapping[str, Any]) -> None:
        """Says which nodes may submit, in place of what was said before; for the daemon's owner.

        Args:
            rules: As ``get_access_rules`` gives them, at most 1,000.

        Raises:
            InvalidArgumentError: The rules have another form.
            NotPermittedError: The caller does not own the daemon, or it has not the feed's key.
        """
        self._log.set_rules(parse_rules(rules))

    def grant_write_access(self, node_id: str) -> None:
        """Lets a node submit. Raises as ``set_access_rules``."""
        self._log.set_rules({**self._log.get_rules(), parse_node_id(node_id): True})

    def revoke_write_access(self, node_id: str) -> None:
        """Lets a node submit no more. Raises as ``set_access_rules``."""
        rules = self._log.get_rules()
        if rules.pop(parse_node_id(node_id), None) is not None:
            self._log.set_rules(rules)

    def _next(self, wait_msec: float, signed: bool, limit: int) -> list[Any]:
        if wait_msec <= 0:
            return self._read(signed, limit)
        try:
            messages = self._read(signed, limit)
        except DaemonNotRunningError:
            # It may be back in time.
            messages = []
        if not messages and self._log.wait(self._position, wait_msec / 1000):
            messages = self._read(signed, limit)
        return messages

    def _read(self, signed: bool, limit: int) -> list[Any]:
        messages: list[Any] = []
        for values in self._log.read(self._position, limit, signed=signed):
            messages.extend(values)
        return messages


def _listed(messages: Iterable[Any]) -> Sequence[Any]:
    if isinstance(messages, (str, bytes, Mapping)):
        message = "One message is not a list of messages. Use append_message or submit_message."
        raise failure("invalid-argument", message, {"field": "messages"})
    return list(messages)


def _printable(signed: SignedMessage) -> dict[str, Any]:
    return {
        "message": signed.message,
        "position": signed.position,
        "timestamp": signed.timestamp,
        "submitterNodeId": signed.submitter_node_id,
        "previousHash": signed.previous_hash,
        "hash": signed.hash,
        "signature": signed.signature,
    }
