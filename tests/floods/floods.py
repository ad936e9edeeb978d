"""Floods a tqdb-server as a stranger would, and measures what a healthy client sees meanwhile.

    python3 tests/floods/floods.py --server BINARY [--front] [--flood NAME].. [--seconds S]
        [--option SERVER_OPTION].. [--check]

Starts a server without keys, floods its gRPC port (with --front, an nginx before it that has the
configuration of deploy/front) and prints one line a flood: calls of a healthy client and how many
failed, the p99 of those that came back, the time until it was answered again after the flood,
memory before, at most and after. With --check it exits 1 when the server died, was not back within
10 s, or took more memory than is stated in STATED_MB. The frames of HTTP/2 are written by hand: a
client library would refuse to send them.
"""

import argparse
import os
import resource
import select
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, CONTINUATION = 0, 1, 3, 4, 6, 9
END_STREAM, END_HEADERS, ACK = 1, 4, 1

# Memory in MB beyond that of the idle server, which no flood may exceed on the bare port. The
# floods that a bare port does not withstand are missing here; docs/operations.md names them.
STATED_MB = {"idle": 200, "continuation": 700, "watch": 500, "http": 100, "reader": 700,
             "upsert": 1600}
BACK_WITHIN_S = 10.0


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes((kind, flags)) + struct.pack(
        ">I", stream) + payload


def text(name, value):
    """A header as a literal without indexing (RFC 7541, 6.2.2); both below 127 bytes."""
    return b"\x00" + bytes((len(name),)) + name + bytes((len(value),)) + value


def head(path):
    return b"".join((text(b":method", b"POST"), text(b":scheme", b"http"), text(b":path", path),
                     text(b":authority", b"x"), text(b"content-type", b"application/grpc"),
                     text(b"te", b"trailers")))


TLS_PORTS = set()  # those of fronts


def connect(port, timeout=5.0):
    peer = socket.create_connection(("127.0.0.1", port), timeout=timeout)
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if port not in TLS_PORTS:
        return peer
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    return context.wrap_socket(peer)


def speak(port, settings=b""):
    """Returns a connection that has greeted as HTTP/2 does."""
    peer = connect(port)
    peer.sendall(PREFACE + frame(SETTINGS, 0, 0, settings) + frame(SETTINGS, ACK, 0))
    return peer


def check_health(port, timeout):
    """Asks Health/Check on a connection of its own. Returns whether the answer says SERVING."""
    try:
        with connect(port, timeout) as peer:
            peer.sendall(PREFACE + frame(SETTINGS, 0, 0) + frame(
                HEADERS, END_HEADERS, 1, head(b"/grpc.health.v1.Health/Check")) + frame(
                    DATA, END_STREAM, 1, b"\x00\x00\x00\x00\x00"))
            answer = b""
            end = time.monotonic() + timeout
            while b"\x00\x00\x00\x00\x02\x08\x01" not in answer:
                peer.settimeout(max(0.001, end - time.monotonic()))
                part = peer.recv(65536)
                if not part:
                    return False
                answer += part
            return True
    except OSError:
        return False


def ready(port):
    try:
        with connect(port, 1.0) as peer:
            peer.sendall(b"GET /readyz HTTP/1.1\r\nConnection: close\r\n\r\n")
            return peer.recv(4096).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def drain(peer):
    """Takes what the peer has sent, without waiting."""
    while select.select([peer], [], [], 0)[0]:
        if not peer.recv(1 << 16):
            raise ConnectionError("the server hung up")


class Floods:
    """Each method floods until `end` (of the monotonic clock) and returns what it did in words."""

    def __init__(self, grpc, http):
        self.grpc, self.http = grpc, http

    def hold(self, peers, end):
        time.sleep(max(0, end - time.monotonic()))
        for peer in peers:
            peer.close()

    def idle(self, end):
        peers = []
        while time.monotonic() < end and len(peers) < 4000:
            try:
                peers.append(connect(self.grpc, 0.5))
            except OSError:
                break
        self.hold(peers, end)
        return f"{len(peers)} silent connections"

    def continuation(self, end):
        sent = ended = 0
        block = b"".join(text(b"x-%04d" % i, b"y" * 100) for i in range(36))
        part = frame(CONTINUATION, 0, 1, block) * 64
        while time.monotonic() < end:
            try:
                with speak(self.grpc) as peer:
                    peer.sendall(frame(HEADERS, 0, 1, head(b"/tqdb.v1.PointService/Search")))
                    while time.monotonic() < end:
                        peer.sendall(part)
                        sent += len(part)
            except OSError:
                ended += 1
                time.sleep(0.01)
        return f"{sent >> 20} MiB sent, ended {ended} times"

    def reset(self, end):
        block = head(b"/tqdb.v1.PointService/Search")
        resets = [0]

        def one():
            while time.monotonic() < end:
                try:
                    with speak(self.grpc) as peer:
                        stream = 1
                        while time.monotonic() < end:
                            pairs = b"".join(
                                frame(HEADERS, END_HEADERS, s, block) + frame(
                                    RST_STREAM, 0, s, b"\x00\x00\x00\x08")
                                for s in range(stream, stream + 400, 2))
                            stream += 400
                            peer.sendall(pairs)
                            drain(peer)
                            resets[0] += 200
                except OSError:
                    time.sleep(0.01)

        threads = [threading.Thread(target=one) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return f"{resets[0]} calls opened and reset"

    def watch(self, end):
        block = head(b"/grpc.health.v1.Health/Watch")
        sent = 0
        with speak(self.grpc) as peer:
            try:
                while sent < 20000 and time.monotonic() < end:
                    peer.sendall(b"".join(
                        frame(HEADERS, END_HEADERS, s, block) + frame(
                            DATA, END_STREAM, s, b"\x00\x00\x00\x00\x00")
                        for s in range(1 + 2 * sent, 1 + 2 * sent + 200, 2)))
                    sent += 100
                    drain(peer)
            except OSError:
                pass
            self.hold([peer], end)
        return f"{sent} Watch streams"

    def slow_http(self, end):
        peers = []
        while time.monotonic() < end and len(peers) < 1000:
            try:
                peers.append(connect(self.http, 0.5))
                peers[-1].sendall(b"GET /readyz HTTP/1.1\r\nX: ")
            except OSError:
                break
        answered = asked = 0
        while time.monotonic() < end:
            asked += 1
            answered += ready(self.http)
            time.sleep(0.05)
        self.hold(peers, end)
        return f"{len(peers)} slow HTTP requests, {answered} of {asked} probes answered"

    def reader(self, end):
        """Asks for answers (reflection) and never takes them."""
        block = head(b"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
        ask = b"\x22\x14tqdb.v1.PointService"
        body = b"\x00" + struct.pack(">I", len(ask)) + ask
        sent = 0
        with speak(self.grpc, struct.pack(">HI", 4, 0)) as peer:  # a window of 0
            peer.settimeout(0.5)
            try:
                for stream in range(1, 20000, 2):
                    if time.monotonic() > end:
                        break
                    peer.sendall(frame(HEADERS, END_HEADERS, stream, block) +
                                 frame(DATA, END_STREAM, stream, body))
                    sent += 1
                    drain(peer)
            except OSError:
                pass
            self.hold([peer], end)
        return f"{sent} answers asked for and not taken"

    def upsert(self, end):
        """Messages of 60 MB that never end."""
        block = head(b"/tqdb.v1.PointService/Upsert")
        sent = [0]

        def one():
            try:
                with speak(self.grpc) as peer:
                    peer.settimeout(0.5)
                    peer.sendall(frame(HEADERS, END_HEADERS, 1, block) + frame(
                        DATA, 0, 1, b"\x00" + struct.pack(">I", 60_000_000)))
                    for _ in range(59_000_000 // 16384):
                        peer.sendall(frame(DATA, 0, 1, b"x" * 16384))
                        sent[0] += 16384
                        drain(peer)
                        if time.monotonic() > end:
                            break
                    self.hold([peer], end)
            except OSError:
                pass

        threads = [threading.Thread(target=one) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return f"{sent[0] >> 20} MiB of messages that never end"


NAMES = ("idle", "continuation", "reset", "watch", "http", "reader", "upsert")


class Healthy(threading.Thread):
    """A client that asks every 50 ms on a connection of its own, for `limit` s at most."""

    def __init__(self, port, limit=2.0):
        super().__init__()
        self.port, self.limit = port, limit
        self.times, self.failed, self.stopped = [], 0, False

    def run(self):
        while not self.stopped:
            start = time.monotonic()
            if check_health(self.port, self.limit):
                self.times.append(time.monotonic() - start)
            else:
                self.failed += 1
            time.sleep(0.05)

    def p99_ms(self):
        if not self.times:
            return float("inf")
        return 1e3 * sorted(self.times)[int(0.99 * (len(self.times) - 1))]


class Server:
    """A server of its own, on free ports."""

    def __init__(self, binary, arguments):
        self.folder = tempfile.TemporaryDirectory(prefix="tqdb-floods-")
        ports = []
        for _ in range(2):
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                ports.append(free.getsockname()[1])
        self.grpc, self.http = ports
        self.log = open(os.path.join(self.folder.name, "log"), "w+b")
        self.process = subprocess.Popen(
            [binary, "--data-dir", os.path.join(self.folder.name, "data"), "--grpc-port",
             str(self.grpc), "--http-port", str(self.http), "--shutdown-timeout", "1", *arguments],
            stderr=self.log)
        for _ in range(200):
            if ready(self.http) and check_health(self.grpc, 1):
                return
            time.sleep(0.05)
        self.stop()
        raise RuntimeError("the server does not answer")

    def memory_mb(self):
        try:
            with open(f"/proc/{self.process.pid}/statm") as statm:
                return int(statm.read().split()[1]) * resource.getpagesize() / 1e6
        except (OSError, IndexError):
            return 0.0

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.log.close()
        self.folder.cleanup()


class Front:
    """nginx with the configuration of deploy/front, on a free port, before a server."""

    def __init__(self, server):
        self.folder = tempfile.TemporaryDirectory(prefix="tqdb-front-")
        path = self.folder.name
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                        "-subj", "/CN=localhost", "-keyout", f"{path}/key", "-out",
                        f"{path}/certificate"], check=True, capture_output=True)
        source = os.path.join(os.path.dirname(__file__), "../../deploy/front/nginx.conf")
        with open(source) as conf:
            text_of = conf.read()
        for old, new in (("/etc/tqdb/server.pem", f"{path}/certificate"),
                         ("/etc/tqdb/server.key", f"{path}/key"),
                         ("listen 443", f"listen {self.port}"),
                         ("listen [::]:443", f"listen [::]:{self.port}"),
                         ("127.0.0.1:6334", f"127.0.0.1:{server.grpc}")):
            assert old in text_of, old
            text_of = text_of.replace(old, new)
        self.conf = f"{path}/nginx.conf"
        with open(self.conf, "w") as conf:
            conf.write(text_of)
        self.command = [NGINX, "-c", self.conf, "-g", f"pid {path}/pid; daemon off;"]
        self.log = open(f"{path}/log", "wb")
        self.process = subprocess.Popen(self.command, stderr=self.log)
        TLS_PORTS.add(self.port)
        for _ in range(100):
            if check_health(self.port, 1):
                return
            time.sleep(0.05)
        self.stop()
        raise RuntimeError("nginx does not answer")

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()
        self.folder.cleanup()


NGINX = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")


def measure(server, name, port, seconds):
    """Floods `port` once. Returns a dict of figures."""
    before = most = server.memory_mb()
    healthy = Healthy(port)
    healthy.start()
    floods = Floods(port, server.http)
    done = []
    end = time.monotonic() + seconds
    method = floods.slow_http if name == "http" else getattr(floods, name)
    flood = threading.Thread(target=lambda: done.append(method(end)))
    flood.start()
    while flood.is_alive():
        most = max(most, server.memory_mb())
        time.sleep(0.02)
    healthy.stopped = True
    start = time.monotonic()
    while not check_health(port, 1.0) and time.monotonic() < start + 60:
        pass
    back = time.monotonic() - start
    healthy.join()
    time.sleep(1)
    return {"did": done[0] if done else "failed", "calls": len(healthy.times) + healthy.failed,
            "failed": healthy.failed, "p99": healthy.p99_ms(), "back": back, "before": before,
            "most": most, "after": server.memory_mb(),
            "alive": server.process.poll() is None and ready(server.http)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", required=True, help="the binary tqdb-server")
    parser.add_argument("--flood", action="append", choices=NAMES, help="default: all")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each flood")
    parser.add_argument("--check", action="store_true", help="exit 1 when a bound is missed")
    parser.add_argument("--front", action="store_true", help="flood an nginx before the server")
    parser.add_argument("--option", action="append", default=[], help="of the server")
    args = parser.parse_args()
    if args.front and NGINX is None:
        print("floods: there is no nginx here", file=sys.stderr)
        return 77  # ctest: skipped
    faults = []
    for name in args.flood or NAMES:
        server = Server(args.server, args.option)
        front = None
        try:
            front = Front(server) if args.front else None
            r = measure(server, name, front.port if front else server.grpc, args.seconds)
        finally:
            if front:
                front.stop()
            server.stop()
        print(f"{name}: {r['did']}; healthy {r['calls']} calls, {r['failed']} failed, p99 "
              f"{r['p99']:.0f} ms; back after {r['back']:.2f} s; RSS {r['before']:.0f} MB, at most "
              f"{r['most']:.0f}, after {r['after']:.0f}; {'alive' if r['alive'] else 'DEAD'}",
              flush=True)
        if not r["alive"]:
            faults.append(f"{name}: the server is dead")
        if r["back"] > BACK_WITHIN_S:
            faults.append(f"{name}: back after {r['back']:.1f} s")
        if name in STATED_MB and r["most"] - r["before"] > STATED_MB[name]:
            faults.append(f"{name}: {r['most'] - r['before']:.0f} MB")
    for fault in faults:
        print(f"floods: {fault}", file=sys.stderr)
    return 1 if args.check and faults else 0


if __name__ == "__main__":
    sys.exit(main())
