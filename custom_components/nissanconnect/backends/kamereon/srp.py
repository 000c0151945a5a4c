"""The secure remote password of the remote lock: knowing the PIN is proved without sending it (kamereon-eu §11.3 [B]).

SRP-6a of RFC 5054 by name only: the proof is a keyed hash over a command, the two public keys are padded in some hashes
and minimal in others. So no library fits, and every hash below says how it spells its numbers. No randomness is drawn
here: salts and secrets are the caller's.
"""

from hashlib import sha256
import hmac

N = int(
    "AC6BDB41324A9A9BF166DE5E1389582FAF72B6651987EE07FC3192943DB56050A37329CBB4A099ED8193E0757767A13D"
    "D52312AB4B03310DCD7F48A9DA04FD50E8083969EDB767B0CF6095179A163AB3661A05FBD5FAAAE82918A9962F0B93B8"
    "55F97993EC975EEAA80D740ADBF4FF747359D041D5C33EA71D281E446B14773BCA97B43A23FB801676BD207A436C6481"
    "F1D2B9078717461A5B9D32E688F87748544523B524B0D57D5EA77A2775D2ECFA032CFBDBF52FB3786160279004E57AE6"
    "AF874E7303CE53299CCC041C7BC308D82A5698F3A8D0C38271AE35F8E9DBFBB694B5C803D89F7AE435DE236D525F5475"
    "9B65E372FCD68EF20FA7111F9E4AFF73",
    16,
)
"""The prime of RFC 5054's 2048-bit group."""
G = 2

SALT_BYTES = 10
SECRET_BYTES = 32
_WIDTH = 256
"""Bytes of a padded number."""


def verifier(user_id: str, pin: str, salt: bytes) -> int:
    """Return what the service keeps instead of the PIN."""
    return power(G, _private_key(user_id, pin, salt))


def public_key(secret: int) -> int:
    """Return ``A``, the public half of a one-time ``secret``."""
    return power(G, secret)


def proof(user_id: str, pin: str, *, order: str, salt: bytes, secret: int, server_key: int) -> str:
    """Return the proof that whoever gives ``order`` knows the PIN, as 64 hexadecimal digits.

    ``server_key`` is ``B``, the service's answer to ``public_key(secret)``.

    Raises:
        ValueError: ``B`` is a multiple of N: a forged answer, after which the key would not depend on the PIN.
    """
    if server_key % N == 0:
        raise ValueError("a server key that is no key")
    x = _private_key(user_id, pin, salt)
    client_key = public_key(secret)
    k = _number(_padded(N) + bytes((G,)))
    u = _number(_minimal(client_key) + _padded(server_key))
    shared = power(server_key - k * power(G, x), secret + u * x)
    signed = _padded(client_key) + _padded(server_key) + user_id.encode() + salt + order.encode()
    return hmac.digest(sha256(_minimal(shared)).digest(), signed, sha256).hex()


def power(base: int, exponent: int) -> int:
    """Return ``pow(base, exponent, N)``, in steps between which other threads may run.

    The built-in function holds the interpreter for all of its work, which would stop them for longer the slower the
    machine is, even from a thread of its own.
    """
    powers = [1]
    for _ in range(15):
        powers.append(powers[-1] * base % N)
    result = 1
    for digit in f"{exponent:x}":
        result = pow(result, 16, N) * powers[int(digit, 16)] % N
    return result


def padded_hex(number: int) -> str:
    """Return a number below 2 ** 2048 the way it is sent: 512 hexadecimal digits."""
    return _padded(number).hex()


def _private_key(user_id: str, pin: str, salt: bytes) -> int:
    return _number(salt + sha256(f"{user_id}:{pin}".encode()).digest())


def _number(data: bytes) -> int:
    return int.from_bytes(sha256(data).digest())


def _padded(number: int) -> bytes:
    return number.to_bytes(_WIDTH)


def _minimal(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8)
