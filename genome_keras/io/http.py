"""One request to a server: plain HTTP or HTTPS at every hop, and no waiting for ever."""

import http.client
import socket
import threading
import urllib.error
import urllib.parse
import urllib.request
from contextlib import suppress
from http.client import HTTPResponse

from genome_keras.errors import GenomeKerasError


def check_address(url: str, error: type[GenomeKerasError] = GenomeKerasError) -> None:
    """Raises `error`, a class, for an address that is not http or https.

    Example:
        >>> check_address("https://example.org/x.h5")
        >>> try:
        ...     check_address("ftp://example.org/x.h5")
        ... except GenomeKerasError as error:
        ...     print(error)
        'ftp://example.org/x.h5': expected an address with http or https
    """
    try:
        parts = urllib.parse.urlsplit(url)
        right = parts.scheme in ("http", "https") and parts.hostname
    except ValueError:
        right = False
    if not right:
        raise error(f"{url!r:.200}: expected an address with http or https")


def request(url: str, headers: dict[str, str], *, timeout: float) -> HTTPResponse:
    """Asks for a file and returns the response, a context manager, once its headers are here.

    Addresses it is sent on to are followed if they are http or https. Proxies are those of
    the environment.

    Args:
        url: http or https.
        headers: of the request.
        timeout: seconds without a byte, and for all headers together.

    Raises:
        GenomeKerasError: an address with another protocol, at any hop.
        OSError, http.client.HTTPException: the server cannot be reached, or another status
            (`urllib.error.HTTPError`).

    Example:
        >>> from http.server import HTTPServer, SimpleHTTPRequestHandler
        >>> class Quiet(SimpleHTTPRequestHandler):
        ...     def log_message(self, *_):
        ...         pass
        >>> with HTTPServer(("localhost", 0), Quiet) as server:
        ...     threading.Thread(target=server.handle_request).start()
        ...     with request(f"http://localhost:{server.server_port}/", {}, timeout=30) as response:
        ...         print(response.status)
        200
    """
    check_address(url)
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        _Plain(),
        _Encrypted(),
        _Hops(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    try:
        return opener.open(urllib.request.Request(url, headers=headers), timeout=timeout)
    except (
        ValueError,
        http.client.InvalidURL,
    ) as error:  # a name or number that no host or port can have
        raise GenomeKerasError(f"{url!r:.200}: not an address ({error!s:.100})") from error


class _Hops(urllib.request.HTTPRedirectHandler):
    """Follows a server to another address, over the same two protocols.

    The library follows to ftp too, and tells of others by the status alone.
    """

    def http_error_302(self, req, fp, code, msg, headers):
        target = headers.get("Location") or headers.get("URI") or ""
        with suppress(ValueError):  # what cannot be joined is no address, and told as it is
            target = urllib.parse.urljoin(req.full_url, target)
        try:
            check_address(target)
        except GenomeKerasError as error:
            fp.close()
            raise GenomeKerasError(f"{req.full_url!r:.200} sends on to {error}") from error
        return super().http_error_302(req, fp, code, msg, headers)

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


class _Patient:
    """A connection whose headers come within its timeout, however slowly they drip."""

    late = False

    def getresponse(self):
        watch = threading.Timer(self.timeout, self._hang_up)
        watch.daemon = True
        watch.start()
        try:
            response = super().getresponse()
        finally:
            watch.cancel()
        if self.late:  # what came by then may look like all headers
            response.close()
            raise TimeoutError("timed out")
        return response

    def _hang_up(self):
        self.late = True
        with suppress(OSError, AttributeError):
            self.sock.shutdown(socket.SHUT_RDWR)


class _PlainConnection(_Patient, http.client.HTTPConnection):
    pass


class _EncryptedConnection(_Patient, http.client.HTTPSConnection):
    pass


class _Plain(urllib.request.HTTPHandler):
    def http_open(self, req):
        return self.do_open(_PlainConnection, req)


class _Encrypted(urllib.request.HTTPSHandler):
    def https_open(self, req):
        return self.do_open(_EncryptedConnection, req)
