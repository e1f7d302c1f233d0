"""Translates the models' patterns, which are Java's, into Python's `regex`.

A pattern describes the whole string: the services match with `Matcher.matches`, so
`[a-z]+` allows no other character. What differs between the two dialects:

* `\\w \\d \\s` and the POSIX classes (`\\p{Alnum}`, `\\p{Graph}`) are ASCII in Java;
* `\\p{L}` and the other general categories are Unicode in both;
* `.` leaves out every line terminator in Java, only `\\n` in Python.

Whatever is not known to mean the same raises `Untranslatable`, which the checker
reports: a pattern is never skipped in silence.
"""

import functools
import string

import regex


class Untranslatable(Exception):
    """A construct whose meaning in Python is not known to be Java's."""


_PUNCTUATION = "".join("\\" + sign for sign in string.punctuation)

# Contents of a bracket class, without the brackets.
_ASCII = {
    "w": "a-zA-Z0-9_",
    "d": "0-9",
    "s": r" \t\n\x0b\f\r",
    "Lower": "a-z",
    "Upper": "A-Z",
    "Alpha": "a-zA-Z",
    "Digit": "0-9",
    "Alnum": "a-zA-Z0-9",
    "Punct": _PUNCTUATION,
    "Graph": "a-zA-Z0-9" + _PUNCTUATION,
    "Print": "a-zA-Z0-9 " + _PUNCTUATION,
    "Blank": r" \t",
    "Cntrl": r"\x00-\x1f\x7f",
    "XDigit": "0-9a-fA-F",
    "Space": r" \t\n\x0b\f\r",
    "ASCII": r"\x00-\x7f",
}
# The complements of \w, \d and \s, for use inside a bracket class.
_COMPLEMENT = {
    "W": r"\x00-/:-@\[-\^`\{-\U0010ffff",
    "D": r"\x00-/:-\U0010ffff",
    "S": r"\x00-\x08\x0e-\x1f!-\U0010ffff",
}
_CATEGORIES = {
    "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No",
    "P", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "S", "Sm", "Sc", "Sk", "So",
    "Z", "Zs", "Zl", "Zp", "C", "Cc", "Cf", "Cs", "Co", "Cn",
}  # fmt: skip
# Escapes that mean the same in both: control characters, code points, punctuation.
_SAME_LETTERS = "tnrfxu"
_ANY = r"[^\n\r\u0085\u2028\u2029]"


@functools.cache
def compiled(pattern):
    """The compiled pattern; match it with `fullmatch`. Raises Untranslatable."""
    try:
        return regex.compile(_translate(pattern), flags=regex.VERSION0)
    except regex.error as cause:
        raise Untranslatable(str(cause)) from None


def _translate(pattern):
    out = []
    in_class = False
    # The last thing read was an escape that stands for many characters.
    after_class = False
    position = 0
    while position < len(pattern):
        sign = pattern[position]
        if sign == "\\":
            text, position = _escape(pattern, position + 1, in_class)
            out.append(text)
            after_class = in_class and len(text) > 2
            continue
        if in_class:
            if sign == "[":
                raise Untranslatable("a class inside a class")
            if pattern.startswith("&&", position):
                raise Untranslatable("an intersection of classes")
            in_class = sign != "]"
            # After \w or \p{L} there is no range to build: the hyphen is itself.
            out.append(r"\-" if sign == "-" and after_class else sign)
        elif sign == "[":
            in_class = True
            out.append(sign)
            for special in ("^", "]"):
                if pattern.startswith(special, position + 1):
                    position += 1
                    out.append(special if special == "^" else r"\]")
        elif sign == "(" and pattern.startswith("(?", position):
            out.append(_group(pattern, position))
        else:
            out.append(_ANY if sign == "." else sign)
        after_class = False
        position += 1
    return "".join(out)


def _group(pattern, position):
    """Look-around and plain groups mean the same; inline flags and the rest may not."""
    if pattern[position + 2 :].startswith((":", "=", "!", "<=", "<!")):
        return "("
    raise Untranslatable(f"the group {pattern[position:position + 4]!r}")


def _escape(pattern, position, in_class):
    """The translation of the escape whose letter is at `position`, and the place after it."""
    letter = pattern[position : position + 1]
    if letter in ("p", "P"):
        end = pattern.find("}", position)
        if pattern[position + 1 : position + 2] != "{" or end < 0:
            raise Untranslatable(f"the escape \\{pattern[position:position + 2]}")
        name, after = pattern[position + 2 : end], end + 1
        if name in _CATEGORIES:
            return f"\\{letter}{{{name}}}", after
    else:
        name, after = letter.lower() if letter.isalpha() else letter, position + 1
    if name in _ASCII and (letter in "pP" or letter in "wWdDsS"):
        negated = letter.isupper()
        if in_class and letter in _COMPLEMENT:
            return _COMPLEMENT[letter], after
        if in_class and negated:
            raise Untranslatable(f"the negated class \\{letter} inside a class")
        return (_ASCII[name] if in_class else f"[{'^' * negated}{_ASCII[name]}]"), after
    if letter in _SAME_LETTERS and letter and not pattern.startswith("x{", position):
        return "\\" + letter, after
    if letter and not letter.isalnum():
        return "\\" + letter, after
    raise Untranslatable(f"the escape \\{pattern[position:position + 1]}")
