"""What to do when TLS fails, or when the other side speaks another protocol than HTTP."""

import http.client
import ssl
from collections.abc import Mapping
from typing import Any

from urllib3.util.ssl_match_hostname import CertificateError

from calhooks.egress.failures import ExchangeFailed, Failure, short

# The first bytes of TLS records: an alert, and a handshake.
TLS_RECORDS = ("\x15\x03", "\x16\x03")
# OpenSSL's numbers (x509_vfy.h) of what is wrong with a certificate.
NOT_YET_VALID = 9
EXPIRED = 10
SELF_SIGNED = 18
UNKNOWN_ISSUER = (19, 20, 21)
MAX_NAMES = 5

# OpenSSL's reasons: first those for bytes that are not TLS.
NO_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE")
OLD_TLS = ("UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "VERSION_TOO_LOW")
WANTS_CERTIFICATE = ("TLSV13_ALERT_CERTIFICATE_REQUIRED", "SSLV3_ALERT_NO_CERTIFICATE", "SSLV3_ALERT_BAD_CERTIFICATE")
UNKNOWN_NAME = ("TLSV1_UNRECOGNIZED_NAME", "TLSV1_ALERT_UNRECOGNIZED_NAME")


def tls_failure(error: OSError | CertificateError, host: str, port: int) -> ExchangeFailed:
    """Return the failure for an error of the handshake, or of TLS later on."""
    if isinstance(error, CertificateError):
        return ExchangeFailed(Failure.TLS, _wrong_name(error, host))
    if isinstance(error, ssl.SSLCertVerificationError):
        return ExchangeFailed(Failure.TLS, _bad_certificate(error, host))
    return ExchangeFailed(Failure.TLS, _no_tls(error, host, port))


def not_http(error: http.client.HTTPException, port: int) -> ExchangeFailed:
    """Return the failure for bytes that are not HTTP."""
    if isinstance(error, http.client.BadStatusLine) and str(error.args[0]).startswith(TLS_RECORDS):
        return ExchangeFailed(Failure.NOT_HTTP, f"Port {port} of this server wants TLS: try https:// in the URL.")
    return ExchangeFailed(Failure.NOT_HTTP, f"What the receiver sent is not HTTP ({short(error)}).")


def _no_tls(error: OSError, host: str, port: int) -> str:
    reason = (error.reason or "") if isinstance(error, ssl.SSLError) else ""
    if reason in NO_TLS:
        return f"Port {port} of this server answers without TLS: try http:// in the URL."
    if reason in OLD_TLS:
        return f"{host} offers no TLS version that is still safe: it needs TLS 1.2 or newer."
    if reason in WANTS_CERTIFICATE:
        return f"{host} wants a client certificate, and calhooks has none to show. Use a URL that needs none."
    if reason in UNKNOWN_NAME:
        return f"The server has no certificate for {host}: check the host in the URL."
    said = f"No TLS connection to {host} came about ({short(error)})."
    if reason == "SSLV3_ALERT_HANDSHAKE_FAILURE":
        return f"{said} It may want a client certificate, which calhooks has not, or only offer outdated ciphers."
    if not reason or isinstance(error, ssl.SSLEOFError):
        return f"{said} If port {port} answers plain HTTP, try http:// in the URL."
    return said


def _bad_certificate(error: ssl.SSLCertVerificationError, host: str) -> str:
    certificate = f"The certificate of {host}"
    if error.verify_code == EXPIRED:
        return f"{certificate} has expired: renew it on the server."
    if error.verify_code == NOT_YET_VALID:
        return f"{certificate} is not valid yet: check its dates and the server's clock."
    if error.verify_code == SELF_SIGNED:
        return (
            f"{certificate} is self-signed: use one of a public authority."
            " An operator of calhooks can add other roots with CALHOOKS_CA_BUNDLE."
        )
    if error.verify_code in UNKNOWN_ISSUER:
        return (
            f"{certificate} has an unknown issuer: have the server send its whole chain."
            " An operator of calhooks can add other roots with CALHOOKS_CA_BUNDLE."
        )
    return f"{certificate} is not accepted: {error.verify_message}."


def _wrong_name(error: CertificateError, host: str) -> str:
    # urllib3 leaves it there for whoever catches the error.
    certificate: Mapping[str, Any] = getattr(error, "_peer_cert", {})
    names = [str(value) for _, value in certificate.get("subjectAltName", ())]
    more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
    whose = f"is for {', '.join(names[:MAX_NAMES])}{more}" if names else "has no name"
    return f"The certificate of this server {whose}, not for {host}: use a name of the certificate in the URL."
