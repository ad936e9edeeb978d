"""The words of texts by the rule of base/words.h, from Python's tables of Unicode.

Prints one text a line: its UTF-8 in hexadecimal digits, its words as a text, and its words as a
query, separated by tabs. The texts are every assigned code point between two letters, every one of
words by itself, and random ones.
"""

import bisect
import functools
import random
import sys
import unicodedata

# Default_Ignorable_Code_Point of DerivedCoreProperties.txt.
HIDDEN = [
    (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5),
    (0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164),
    (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
]
# Blocks of Han and its like, of kana, and of the scripts with class SA of UAX #14. Their decimal
# digits are not among them.
UNSPACED = [
    (0xE00, 0xEFF), (0x1000, 0x109F), (0x1780, 0x17DF), (0x1950, 0x19DF), (0x1A20, 0x1AAF),
    (0x3000, 0x30FF), (0x3192, 0x3195), (0x31F0, 0x31FF), (0x3220, 0x3229), (0x3280, 0x3289),
    (0x3400, 0x9FFF), (0xA9E0, 0xA9FF), (0xAA60, 0xAADF), (0xF900, 0xFAFF), (0xFF66, 0xFF9F),
    (0x11700, 0x1174F), (0x16FE3, 0x16FE3), (0x17000, 0x18D8F), (0x1AFF0, 0x1B2FF),
    (0x1D360, 0x1D371), (0x20000, 0x3FFFF),
]


def lies_in(character, ranges):
    index = bisect.bisect(ranges, (ord(character), sys.maxunicode)) - 1
    return index >= 0 and ord(character) <= ranges[index][1]


@functools.cache
def role(character):
    """Returns "hidden", or the first letter of the category for L and M, L for N, and None."""
    if lies_in(character, HIDDEN):
        return "hidden"
    return {"L": "L", "N": "L", "M": "M"}.get(unicodedata.category(character)[0])


@functools.cache
def unspaced(character):
    return (role(character) == "L" and unicodedata.category(character) != "Nd"
            and lies_in(character, UNSPACED))


@functools.cache
def folded(character):
    """Returns a character without what is hidden, in NFKC and folded, until nothing changes."""
    text, before = character, None
    while text != before:
        before = text
        text = "".join(c for c in text if role(c) != "hidden")
        text = unicodedata.normalize("NFKC", text.casefold())
    return text


def form(text):
    """NFKC_Casefold of NFD."""
    text = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(map(folded, text)))


def runs(text):
    """Returns the longest parts that have letters, numbers and marks alone."""
    parts = [""]
    for character in text:
        own = role(character)
        if own in ("L", "M"):
            parts[-1] += character
        elif own is None and parts[-1]:
            parts.append("")
    return [part for part in parts if part]


def clusters(run):
    """Returns the parts of a run: each unspaced letter with its marks, and what is between them."""
    parts = []
    for character in run:
        new = not parts or (role(character) == "L" and (
            unspaced(character) or unspaced(parts[-1][0])))
        if new and role(character) == "M":
            continue  # begins no word
        if new:
            parts.append("")
        parts[-1] += character
    return parts


def words(text):
    """Returns the words as a text, and those as a query."""
    of_text, of_query = [], []
    for outer in runs(text):
        for run in runs(form(outer)):
            parts = clusters(run)
            alone = True  # whether the part before is in no pair with this one
            for part, behind in zip(parts, parts[1:] + ["-"]):
                paired = unspaced(part[0]) and unspaced(behind[0])
                of_text += [part, part + behind] if paired else [part]
                if paired:
                    of_query.append(part + behind)
                elif alone:
                    of_query.append(part)
                alone = not paired
    return of_text, of_query


def show(text):
    of_text, of_query = words(text)
    sys.stdout.write(f"{text.encode().hex()}\t{' '.join(of_text)}\t{' '.join(of_query)}\n")


def main():
    characters = [chr(c) for c in range(sys.maxunicode + 1)
                  if unicodedata.category(chr(c)) not in ("Cn", "Cs")]
    for character in characters:
        show("A" + character + "b")
        if role(character) is not None:
            show(character)
    source = random.Random(1)
    marks = [c for c in characters if role(c) == "M"]
    near = [c for c in characters if ord(c) < 0x3100 or unspaced(c)]
    for _ in range(50_000):
        pools = source.choices([characters, near, marks, "aEsS ½ß東京ไทย"], k=source.randrange(1, 10))
        show("".join(source.choice(pool) for pool in pools))


main()
