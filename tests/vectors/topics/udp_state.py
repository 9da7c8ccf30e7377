# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""What UDP's packets do to a flow."""

from cases import vector

STREAM, ONE_SHOT = 300, 10  # seconds: udp, udp_one_shot


@vector("RFC 4787 REQ-1: what one client sends goes to one backend, from one port", protocols=("udp",))
def there_and_back(c):
    """Several questions, several answers."""
    c.passes(c.client(), c.client(), c.backend(), c.backend(), c.client())


@vector("RFC 768: a datagram may be empty", protocols=("udp",))
def empty(c):
    """There and back."""
    c.passes(c.client(payload=b""), c.backend(payload=b""))


@vector("udp_one_shot: one question, one answer, and the local port is free", services=("full-nat",),
        protocols=("udp",))
def one_shot(c):
    """As with DNS."""
    c.passes(c.client(), c.backend())
    c.after(ONE_SHOT - 2)
    c.passes(c.backend())
    c.after(STREAM + 2)
    c.dropped("no-flow", c.backend())


@vector("udp_one_shot: an answer that comes late comes to nobody", services=("full-nat",), protocols=("udp",))
def one_shot_gone(c):
    """A second one."""
    c.passes(c.client(), c.backend())
    c.after(ONE_SHOT + 2)
    c.dropped("no-flow", c.backend())


@vector("RFC 4787 REQ-5: more than two minutes, and here five", services=("full-nat",), protocols=("udp",))
def stream(c):
    """From the last packet of either side."""
    c.passes(c.client(), c.backend(), c.client())
    c.after(STREAM - 5)
    c.passes(c.backend())
    c.after(STREAM - 5)
    c.passes(c.client())
    c.after(STREAM + 2)
    c.dropped("no-flow", c.backend())


@vector("RFC 4787 REQ-5: a question nobody answers is waited for as long", services=("full-nat",),
        protocols=("udp",))
def never_answered(c):
    """Then it is another flow."""
    c.passes(c.client())
    c.after(STREAM - 5)
    c.passes(c.backend())


@vector("RFC 4787 REQ-8: answers of nobody's flow", protocols=("udp",))
def answer_of_nobody(c):
    """Never out untranslated."""
    c.dropped("no-flow", c.backend())
