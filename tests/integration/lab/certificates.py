# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""Certificates of an authority of the test's own, made by openssl."""

import ssl

from .processes import run

KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


class Authority:
    """Signs certificates. `file` is what those who trust it read."""

    def __init__(self, directory, name):
        self.directory = directory / f"ca-{name}"
        self.directory.mkdir()
        self.file, self.key = self.directory / "ca.pem", self.directory / "ca.key"
        run(["openssl", "req", "-x509", *KEY, "-keyout", self.key, "-out", self.file, "-days", "30",
             "-subj", f"/CN={name}"])
        (self.directory / "index.txt").touch()
        (self.directory / "ca.conf").write_text(
            "[ca]\ndefault_ca = us\n[us]\n"
            f"database = {self.directory}/index.txt\nnew_certs_dir = {self.directory}\n"
            "rand_serial = yes\ndefault_md = sha256\npolicy = any\ncopy_extensions = copy\n"
            "unique_subject = no\n[any]\ncommonName = supplied\n", encoding="ascii")

    def sign(self, name, names, first="20200101000000Z", last="20490101000000Z"):
        """A server's certificate, for "DNS:www.example.test,IP:10.0.0.1"; its file and its key's."""
        key, request, certificate = (self.directory / f"{name}.{end}" for end in ("key", "csr", "pem"))
        run(["openssl", "req", *KEY, "-keyout", key, "-out", request, "-subj", f"/CN={name}",
             "-addext", f"subjectAltName={names}"])
        run(["openssl", "ca", "-batch", "-notext", "-config", self.directory / "ca.conf",
             "-cert", self.file, "-keyfile", self.key, "-in", request, "-out", certificate,
             "-startdate", first, "-enddate", last])
        return certificate, key


def server_context(certificate, key):
    """What a server by TLS needs. Its list `asked` notes the names clients ask for (SNI; None: none)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.asked = []
    context.sni_callback = lambda _socket, asked, _context: context.asked.append(asked)
    return context
