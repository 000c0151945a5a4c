"""A real PostgreSQL on a port of this machine: the machine's own, or Debian's."""

from functools import cache
import os
from pathlib import Path
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from typing import Any

import psycopg2

UNPACKED = Path(__file__).parents[1] / ".tools" / "postgres" / "bin"
"""Where script/test puts it if the machine has none."""

USER, PASSWORD = "homeassistant", "otter-9"

MISSING = "no PostgreSQL: install it (Debian: apt install postgresql), or run script/test where apt-get works"
"""Why tests that need it are skipped."""

_LIMIT = 60
"""Seconds that each of its programs may take to start and to end."""

_NOBODY = pwd.getpwnam("nobody")
# It refuses to run as root.
_AS: dict[str, Any] = {"user": _NOBODY.pw_uid, "group": _NOBODY.pw_gid, "extra_groups": ()} if os.getuid() == 0 else {}


def _works(initdb: Path) -> bool:
    """Whether one is there that its user may start, in whose folder the server is, too."""
    try:
        shown = subprocess.run([initdb, "--version"], capture_output=True, text=True, timeout=_LIMIT, check=True, **_AS)
    except OSError, subprocess.SubprocessError:
        return False
    return shown.stdout.startswith("initdb (PostgreSQL)") and initdb.with_name("postgres").exists()


@cache
def programs() -> Path | None:
    """Where its programs are, if they are anywhere."""
    installed = shutil.which("initdb")
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    folders = [*([Path(installed).resolve().parent] if installed else []), *versions, UNPACKED]
    return next((each for each in folders if _works(each / "initdb")), None)


class Postgres:
    """A server on 127.0.0.1 that asks for a password, with a directory of its own that is gone afterwards."""

    def __init__(self) -> None:
        """Make the directory, and choose a port; it does not run yet."""
        found = programs()
        assert found is not None, MISSING
        self._programs = found
        # Its user could not enter a directory of pytest.
        self._directory = Path(tempfile.mkdtemp(prefix="nissanconnect-postgres-"))
        self._log = self._directory / "log"
        self._data = self._directory / "data"
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]

    def start(self) -> None:
        """Make the data directory, and run."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        password = self._directory / "password"
        password.write_text(PASSWORD)
        if _AS:
            for each in (self._directory, password):
                shutil.chown(each, _AS["user"], _AS["group"])
        options = (f"--pgdata={self._data}", f"--username={USER}", f"--pwfile={password}", "--auth=scram-sha-256")
        make = [str(self._programs / "initdb"), *options, "--encoding=UTF8", "--locale=C", "--no-sync"]
        subprocess.run(make, cwd=self._directory, check=True, capture_output=True, timeout=_LIMIT, **_AS)
        settings = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",  # nothing has to survive the machine
        }
        command = [str(self._programs / "postgres"), "-D", str(self._data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with self._log.open("wb") as log:
            process = subprocess.Popen(command, cwd=self._directory, stdout=log, stderr=log, text=False, **_AS)
        self._process = process
        deadline = time.monotonic() + _LIMIT
        while time.monotonic() < deadline and process.poll() is None:
            try:
                self._connect().close()
            except psycopg2.OperationalError:  # it does not listen yet, or is about to
                time.sleep(0.05)
            else:
                return
        raise RuntimeError(f"PostgreSQL did not start: {self._log.read_text()}")

    def _connect(self) -> Any:
        return psycopg2.connect(
            host="127.0.0.1", port=self.port, user=USER, password=PASSWORD, dbname="postgres", connect_timeout=_LIMIT
        )

    def database(self, name: str) -> str:
        """Make an empty database, and return its address as the recorder takes it."""
        connection = self._connect()
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(f"CREATE DATABASE {name}")
        finally:
            connection.close()
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{name}"

    def stop(self) -> None:
        """End it without waiting for those who are connected, and remove its directory."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(_LIMIT)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(_LIMIT)
            self._process = None
        shutil.rmtree(self._directory)
