"""The service's side of the remote lock's proof (kamereon-eu §11.3), worked out apart from the client's."""

from hashlib import sha256
import hmac

N = int(
    """
    AC6BDB41 324A9A9B F166DE5E 1389582F AF72B665 1987EE07 FC319294 3DB56050 A37329CB B4A099ED 8193E075 7767A13D
    D52312AB 4B03310D CD7F48A9 DA04FD50 E8083969 EDB767B0 CF609517 9A163AB3 661A05FB D5FAAAE8 2918A996 2F0B93B8
    55F97993 EC975EEA A80D740A DBF4FF74 7359D041 D5C33EA7 1D281E44 6B14773B CA97B43A 23FB8016 76BD207A 436C6481
    F1D2B907 8717461A 5B9D32E6 88F87748 544523B5 24B0D57D 5EA77A27 75D2ECFA 032CFBDB F52FB378 61602790 04E57AE6
    AF874E73 03CE5329 9CCC041C 7BC308D8 2A5698F3 A8D0C382 71AE35F8 E9DBFBB6 94B5C803 D89F7AE4 35DE236D 525F5475
    9B65E372 FCD68EF2 0FA7111F 9E4AFF73
    """.replace(" ", "").replace("\n", ""),
    16,
)
G = 2


def server_key(verifier: int, secret: int) -> int:
    """Return ``B`` for the one-time ``secret``."""
    k = int.from_bytes(sha256(N.to_bytes(256, "big") + b"\x02").digest(), "big")
    return (k * verifier + pow(G, secret, N)) % N


def expected_proof(user_id: str, *, order: str, salt: bytes, verifier: int, secret: int, client_key: int) -> str:
    """Return the only proof that fits ``order``, from the verifier alone: the service never learns the PIN."""
    shortest = f"{client_key:x}"
    a_minimal = bytes.fromhex(shortest if len(shortest) % 2 == 0 else f"0{shortest}")
    a_padded, b_padded = (key.to_bytes(256, "big") for key in (client_key, server_key(verifier, secret)))
    u = int.from_bytes(sha256(a_minimal + b_padded).digest(), "big")
    shared = pow(client_key * pow(verifier, u, N) % N, secret, N)
    key = sha256(shared.to_bytes(-(-shared.bit_length() // 8), "big")).digest()
    mac = hmac.new(key, digestmod=sha256)
    for part in (a_padded, b_padded, user_id.encode(), salt, order.encode()):
        mac.update(part)
    return mac.hexdigest()
