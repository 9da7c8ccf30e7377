# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""What TCP's packets do to a flow: good enough to time out rightly, and no stricter than hosts need."""

from cases import vector

HALF_OPEN, ESTABLISHED, CLOSING = 30, 7440, 60  # seconds: tcp_half_open, ...


@vector("RFC 9293 3.5: three packets there and back")
def handshake(c):
    """And data behind it."""
    c.establish()
    c.passes(c.client(), c.backend())


@vector("RFC 9293 3.8.1: a SYN that is sent again goes where the first one went")
def syn_again(c):
    """Three times, and the answers."""
    c.passes(*[c.client(flags="S")] * 3)
    c.passes(*[c.backend(flags="SA")] * 2, c.client(), c.client(flags="S"))


@vector("RFC 9293 3.5: simultaneous open")
def simultaneous_open(c):
    """Both send a SYN, and acknowledge the other's."""
    c.passes(c.client(flags="S"), c.backend(flags="S"), c.client(flags="SA"), c.backend(flags="SA"),
             c.client(), c.backend())


@vector("RFC 9293 3.6: a connection is closed from both sides")
def closed(c):
    """FIN and ACK each, and the last ACK once more."""
    c.establish()
    c.passes(c.client(flags="FA"), c.backend(), c.backend(flags="FA"), c.client(), c.backend(flags="FA"),
             c.client())


@vector("RFC 9293 3.6: simultaneous close")
def simultaneous_close(c):
    """Both FINs before any acknowledgement."""
    c.establish()
    c.passes(c.client(flags="FA"), c.backend(flags="FA"), c.client(), c.backend())


@vector("RFC 9293 3.6: half-closed, data goes on the other way")
def half_closed(c):
    """From either side, for minutes."""
    c.establish()
    c.passes(c.client(flags="FA"))
    for _ in range(3):
        c.after(CLOSING * 5)
        c.passes(c.backend(), c.client(payload=b""))


@vector("RFC 9293 3.6: half-closed by the backend")
def half_closed_by_backend(c):
    """The client still sends."""
    c.establish()
    c.passes(c.backend(flags="FA"))
    c.after(CLOSING * 5)
    c.passes(c.client(), c.backend(payload=b""))


@vector("RFC 5961 3: a reset goes through, and ends nothing")
def reset_by_client(c):
    """It may be anyone's: what follows decides."""
    c.establish()
    c.passes(c.client(flags="R", payload=b""), c.backend(), c.client(), c.backend())


@vector("RFC 5961 3: a reset goes through, and ends nothing")
def reset_by_backend(c):
    """With an acknowledgement."""
    c.establish()
    c.passes(c.backend(flags="RA", payload=b""), c.client(), c.backend())


@vector("RFC 9293 3.5.2: a connection that is refused")
def refused(c):
    """The answer to a SYN is a reset; the next try goes through as well."""
    c.passes(c.client(flags="S"), c.backend(flags="RA", payload=b""), c.client(flags="S"), c.backend(flags="SA"),
             c.client())


@vector("RFC 7857 2.2: what comes behind a reset restores the timeout", services=("full-nat",))
def reset_then_silence(c):
    """A blind reset must not shorten a connection that lives."""
    c.establish()
    c.passes(c.client(flags="R", payload=b""), c.backend(), c.client())
    c.after(CLOSING * 20)
    c.passes(c.client(), c.backend())


@vector("RFC 5382 REQ-5: a reset with nothing behind it shortens the timeout", services=("full-nat",))
def reset_and_gone(c):
    """The record goes when it is over."""
    c.establish()
    c.passes(c.backend(flags="R", payload=b""))
    c.after(CLOSING - 5)
    c.passes(c.client(flags="R", payload=b""))
    c.after(CLOSING + 2)
    c.dropped("no-flow", c.client(), c.backend())


@vector("RFC 5382 REQ-5: an established connection may be silent for 2 hours and 4 minutes",
        services=("full-nat",))
def silent_for_long(c):
    """And longer than that it is not kept."""
    c.establish()
    c.after(ESTABLISHED - 5)
    c.passes(c.backend())
    c.after(ESTABLISHED - 5)
    c.passes(c.client())
    c.after(ESTABLISHED + 2)
    c.dropped("no-flow", c.client(), c.backend())


@vector("tcp_half_open: a SYN that nobody answers", services=("full-nat",))
def never_answered(c):
    """Its local port is given back."""
    c.open()
    c.after(HALF_OPEN - 2)
    c.passes(c.client(flags="S"))
    c.after(HALF_OPEN + 2)
    c.dropped("no-flow", c.backend(flags="SA"))
    c.passes(c.client(flags="S"))


@vector("tcp_closing: a connection that is closed", services=("full-nat",))
def closed_and_gone(c):
    """As long as its last packets may come again."""
    c.establish()
    c.passes(c.client(flags="FA"), c.backend(flags="FA"))
    c.after(CLOSING - 5)
    c.passes(c.client())
    c.after(CLOSING + 2)
    c.dropped("no-flow", c.backend(), c.client())


@vector("RFC 6191 2: a new connection from the ports of a closing one")
def ports_again(c):
    """It is the same two ends, and the same local port."""
    c.establish()
    c.passes(c.client(flags="FA"), c.backend(flags="FA"), c.client())
    c.passes(c.client(flags="S", seq=0x11111111), c.backend(flags="SA"), c.client(), c.backend())


@vector("a lost record: with dnat the ring says where the connection was", services=("dnat",))
def adopted(c):
    """In the middle of it."""
    c.passes(c.client(), c.backend(), c.client(flags="PA"))


@vector("a lost record: a FIN is as good", services=("dnat",))
def adopted_at_its_end(c):
    """And what answers it."""
    c.passes(c.client(flags="FA"), c.backend(flags="FA"), c.client())


@vector("a lost record: flags that say nothing are data's", services=("dnat",))
def adopted_without_flags(c):
    """No flag at all, and urgent data."""
    c.passes(c.client(flags=""), c.client(flags="U", urgptr=3))


@vector("a lost record: with full NAT nobody knows the local port any more", services=("full-nat",))
def not_adopted(c):
    """Data, a FIN, no flags."""
    c.dropped("no-flow", c.client(), c.client(flags="FA"), c.client(flags=""), c.backend(), c.backend(flags="SA"))


@vector("RFC 9293 3.10.7.1: a reset without a record is nobody's")
def reset_of_nobody(c):
    """It begins nothing."""
    c.dropped("no-flow", c.client(flags="R"), c.client(flags="RA"), c.client(flags="SR"))
    c.dropped("no-flow", c.backend(flags="R"))


@vector("RFC 9293 3.10.7.2: an answer that nobody asked for")
def answer_of_nobody(c):
    """From a client, and from a backend."""
    c.dropped("no-flow", c.client(flags="SA"), c.backend(flags="SA"), c.backend())


@vector("RFC 9293 3.10.7.2: a SYN with other flags asks for a connection as well")
def odd_syn(c):
    """FIN, PSH and URG with it: hosts know what to do with that."""
    c.passes(c.client(flags="SF"), c.backend(flags="SA"), c.client(), c.client(flags="SFPU"))


@vector("RFC 1122 4.2.3.6: keep-alives", services=("full-nat",))
def kept_alive(c):
    """One byte that has been acknowledged, hours apart, for longer than silence may last."""
    c.establish()
    for _ in range(3):
        c.after(7200)
        c.passes(c.client(payload=b"\0", seq=0x01020303), c.backend(payload=b""))
