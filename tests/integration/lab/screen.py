# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""What a person sees: paragraphs, a line that lives while something runs, tables."""

import sys
import time


class Screen:
    """On a terminal the live line is redrawn in place; elsewhere it is printed now and then."""

    SPARSE = 4  # seconds between live lines where they cannot be redrawn

    def __init__(self, out=sys.stdout):
        self.out = out
        self.is_terminal = out.isatty()
        self._live = ""
        self._printed = 0.0

    def say(self, text=""):
        """Prints lines, below what is there."""
        self._erase()
        self._printed = time.monotonic()
        self.out.write(text + "\n")
        self.out.flush()

    def live(self, text):
        """Shows how it is going."""
        if self.is_terminal:
            self._erase()
            self._live = text
            self.out.write(text)
            self.out.flush()
        elif time.monotonic() - self._printed > self.SPARSE:
            self.say(text)

    def heading(self, text):
        """Begins a step."""
        bold, plain = ("\033[1m", "\033[0m") if self.is_terminal else ("", "")
        self.say(f"\n{bold}{text}{plain}")

    def indented(self, text, by="   "):
        """Prints another program's output as it is."""
        self.say("\n".join(by + line for line in text.rstrip().splitlines()))

    def table(self, header, rows):
        """Columns as wide as they need to be: words to the left, numbers to the right."""
        texts = [[str(cell) for cell in row] for row in [header, *rows]]
        widths = [max(len(row[i]) for row in texts) for i in range(len(header))]
        numeric = [all(_is_number(row[i]) for row in texts[1:]) for i in range(len(header))]
        for number, row in enumerate(texts):
            cells = [cell.rjust(width) if right else cell.ljust(width)
                     for cell, width, right in zip(row, widths, numeric)]
            self.say(("   " + "  ".join(cells)).rstrip())
            if number == 0:
                self.say("   " + "  ".join("-" * width for width in widths))

    def _erase(self):
        if self._live:
            self.out.write("\r\033[K")
            self._live = ""


def _is_number(text):
    return text in ("", "-") or text[0].isdigit()


def number(value):
    """12,345"""
    return f"{value:,}"
