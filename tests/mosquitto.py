"""A real MQTT broker on a port of this machine: Mosquitto, as Debian has it."""

import os
from pathlib import Path
import shutil
import socket
import subprocess
import time

REPOSITORY = Path(__file__).parents[1]
UNPACKED = REPOSITORY / ".tools" / "mosquitto" / "bin"
"""Where script/test puts it if the machine has none."""

USERS = {"homeassistant": "heron-4", "leafcar": "willow-7"}
"""Who may log in, with their passwords."""

_START_LIMIT = 15


def program(name: str) -> str | None:
    """Where one of Mosquitto's programs is, if it is anywhere."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:{UNPACKED}")


MISSING = "no MQTT broker: install Mosquitto (Debian: apt install mosquitto), or run script/test where apt-get works"
"""Why tests that need it are skipped."""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Mosquitto:
    """A broker that asks for a password. What it keeps survives :meth:`stop`, if it is to be ``persistent``."""

    def __init__(self, directory: Path, port: int | None = None) -> None:
        """Choose a port, if none is given; it does not run yet."""
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        self.port = port or _free_port()
        passwords = directory / "passwords"
        passwords.touch(mode=0o600)
        for user, password in USERS.items():
            command = [program("mosquitto_passwd") or "", "-b", str(passwords), user, password]
            subprocess.run(command, check=True, capture_output=True, timeout=_START_LIMIT)

    def prepare(self, *, persistent: bool = True) -> list[str]:
        """Return the command that runs it, with all or nothing of what it had kept."""
        kept = self._directory / "mosquitto.db"
        if not persistent:
            kept.unlink(missing_ok=True)
        configuration = self._directory / "mosquitto.conf"
        settings = {
            "listener": f"{self.port} 127.0.0.1",
            "allow_anonymous": "false",
            "password_file": self._directory / "passwords",
            "persistence": "true" if persistent else "false",
            "persistence_location": f"{self._directory}/",
            "log_dest": f"file {self._directory}/mosquitto.log",
        }
        if os.getuid() == 0:
            settings["user"] = "root"  # its own user may not exist, and may not write here
        configuration.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
        return [program("mosquitto") or "", "-c", str(configuration)]

    def start(self, *, persistent: bool = True) -> None:
        """Run, with all or nothing of what it had kept."""
        command = self.prepare(persistent=persistent)
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + _START_LIMIT
        while time.monotonic() < deadline and self._process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        self.stop()
        raise RuntimeError(f"Mosquitto did not start: {(self._directory / 'mosquitto.log').read_text()}")

    def stop(self) -> None:
        """End it, as a machine that is shut down does."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(_START_LIMIT)
            self._process = None
