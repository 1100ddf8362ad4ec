"""What a storage directory that somebody else names may not do."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Callable

import pytest

from kachery_p2p._owned_text import read_client_token

NODE_ID = "ab" * 32


def write_marked(directory: Path) -> None:
    directory.mkdir()
    (directory / "kachery-node-id").write_text(NODE_ID)
    (directory / "client-auth").write_text("token")


def replace_token(make: Callable[[Path, Path], None]) -> Callable[[Path, Path], None]:
    def replace(directory: Path, secret: Path) -> None:
        token = directory / "client-auth"
        token.unlink()
        make(token, secret)

    return replace


def link_both(directory: Path, secret: Path) -> None:
    mark = secret.parent / "a file of the victim"
    mark.write_text(NODE_ID)
    for name, target in (("kachery-node-id", mark), ("client-auth", secret)):
        (directory / name).unlink()
        (directory / name).symlink_to(target)


def name_another_node(directory: Path, secret: Path) -> None:
    del secret
    (directory / "kachery-node-id").write_text("cd" * 32)


def write_large(token: Path, secret: Path) -> None:
    del secret
    token.write_text("x" * 5000)


TRAPS: dict[str, Callable[[Path, Path], None]] = {
    "a link to a secret": replace_token(lambda token, secret: token.symlink_to(secret)),
    "a second name of a secret": replace_token(lambda token, secret: os.link(secret, token)),
    "links to a mark and a secret": link_both,
    "a FIFO": replace_token(lambda token, _: os.mkfifo(token)),
    "a device without an end": replace_token(lambda token, _: token.symlink_to("/dev/zero")),
    "a directory": replace_token(lambda token, _: token.mkdir()),
    "a large file": replace_token(write_large),
    "the mark of another node": name_another_node,
    "nothing": replace_token(lambda token, _: None),
}


def test_the_token_beside_the_mark_of_the_node_is_read(tmp_path: Path) -> None:
    write_marked(tmp_path / "storage")
    (tmp_path / "elsewhere").symlink_to(tmp_path / "storage")
    for directory in ("storage", "elsewhere"):
        assert read_client_token(str(tmp_path / directory), NODE_ID) == "token"


@pytest.mark.parametrize("trap", TRAPS)
def test_no_token_is_read_where_it_may_be_somebody_elses(tmp_path: Path, trap: str) -> None:
    write_marked(tmp_path / "storage")
    secret = tmp_path / "secret"
    secret.write_text("a secret")
    TRAPS[trap](tmp_path / "storage", secret)
    assert read_client_token(str(tmp_path / "storage"), NODE_ID) is None


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file to another user")
def test_the_token_must_be_of_the_user_who_marked_the_directory(tmp_path: Path) -> None:
    write_marked(tmp_path / "storage")
    os.chown(tmp_path / "storage" / "client-auth", 12345, -1)
    assert read_client_token(str(tmp_path / "storage"), NODE_ID) is None
    os.chown(tmp_path / "storage" / "kachery-node-id", 12345, -1)
    assert read_client_token(str(tmp_path / "storage"), NODE_ID) == "token"
    os.chown(tmp_path / "storage", 54321, -1)
    assert read_client_token(str(tmp_path / "storage"), NODE_ID) is None
