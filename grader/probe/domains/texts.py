"""Texts that an upstream can give: any characters, or none."""

from __future__ import annotations

from random import Random

from grader.probe.domains.words import RUN, addresses, broken_word, long_mixture, long_text, word

#: Longer than the limits that people choose: 4,096 characters, and 65,536 bytes (the limit of asyncio's readers).
_LONG, _LONGER = 5 << 10, 66 << 10
#: Characters of a text whose bytes fill several pieces of 1,024 or 4,096.
_MIXTURE = 6 << 10

#: The words of the protocols themselves, without anything around them. To an upstream they are text like any other.
_PROTOCOL = (
    *(
        "[DONE]",
        "data:",
        "data: [DONE]",
        "event: done",
        ": ping",
        "done",
        "null",
        "None",
        "true",
        "0",
        "-1",
        "{}",
        '""',
    ),
    *("<|endoftext|>", "\ufffd", "end", "END", "EOF", "stop", "error"),
)

#: After each of these an app may wait for more: it is half of something.
_OPENINGS = {
    "an open code fence": "```",
    "an open tag": "<",
    "an open thought": "<think>",
    "half of a marker": "<|im_",
    "half of [DONE]": "[DO",
    "an open object": '{"',
    "an open bracket": " (",
    "an open quote": " “",
    "an open emphasis": " **",
    "an open formula": "$$",
    "an open entity": "&",
    "half of an escape": "\\",
    "a word without its end": " half-",
    "half of a flag": "🇫",
    "a joiner at the end": "👩\u200d",
}


def every_opening() -> dict[str, str]:
    """An instance of every class of text that looks like half of something."""
    return dict(_OPENINGS)


def every_text(random: Random) -> dict[str, str]:
    """An instance of every class of text, in a drawn order: empty ones are first, last, and somewhere between.

    A repeat stands right after its text.
    """
    bare = {f"bare {text}": text for text in _PROTOCOL}
    found = [*_plain(random).items(), *_awkward(random).items(), *bare.items(), *_OPENINGS.items()]
    random.shuffle(found)
    repeated = f" {word(random)}"
    middle = len(found) // 2
    found[middle:middle] = [
        ("a text that comes twice", repeated),
        ("a repeat of the text before", repeated),
        ("empty, in the middle", ""),
        ("empty, after an empty one", ""),
        ("a text once more, later", repeated),
    ]
    first = word(random)
    front = {"empty, at the front": "", "the first that is not empty": first, "all so far, and more": f"{first} more"}
    return {**front, **dict(found), "empty, at the end": ""}


def _plain(random: Random) -> dict[str, str]:
    """Texts that are altered by whatever trims, folds, normalises or cuts."""
    some = word(random)
    return {
        "one space": " ",
        "spaces only": " " * random.randint(2, 9),
        "a tab": "\t",
        "a line feed": "\n",
        "a carriage return": "\r",
        "CRLF": "\r\n",
        "two line feeds": "\n\n",
        "spaces in front": f"  {some}",
        "a space at the end": f"{some} ",
        "a line feed in front": f"\n{some}",
        "a line feed at the end": f"{some}\n",
        "two spaces within": f"{some}  {some}",
        "upper case": some.upper(),
        "mixed case": f"{some.title()} ẞİ",
        "composed characters": f"caf\u00e9 \u00c5{some}",
        "decomposed characters": f"cafe\u0301 A\u030a{some}",
        "compatibility characters": f"\ufb01\uff21\u00bd\u2460{some}",
        "a lone combining character": "\u0301",
        "a digit": str(random.randrange(1, 10)),
        "a number": f"{random.randrange(10**6)}.50",
        "one letter": random.choice("abcdefghijklmnopqrstuvwxyz"),
        "longer than 4096 characters": long_text(random, _LONG),
        "longer than 65536 characters": long_text(random, _LONGER),
        "a long run of spaces": f"{' ' * RUN}{some}",
        "a long word and a sign": broken_word(random),
        "a space before each sign": f"{some} . {some} , do n't ! it 's ? ( {some} ) : ;",
    }


def _awkward(random: Random) -> dict[str, str]:
    """Texts that are damaged by whatever writes an event, JSON or HTML by hand."""
    some = word(random)
    return {
        "characters beyond the BMP": f"👩‍🚀𝄞{some}",
        "other scripts": f"naïve {some} 日本語 עברית",
        "bidirectional controls": f"\u202e{some}\u202c\u2067x\u2069",
        "a NUL": f"{some}\0{some}",
        "control characters": f"\x01\x1b[31m{some}\x7f\x9f",
        "a byte order mark": f"\ufeff{some}",
        "no-break and zero-width spaces": f"\u00a0{some}\u200b\u2003",
        "line and paragraph separators": f"\u2028{some}\u2029{some}\u0085{some}\x0b\x0c\x1c{some}",
        "a noncharacter": f"{some}\uffff",
        "several lines": f"{some}\n{some}\n",
        "all line endings": f"{some}\r{some}\r\n{some}\n\r{some}\n\n{some}",
        "a field at the front": f"data: {some}\n\nid: 7",
        "an event of its own": f"{some}\n\nevent: done\ndata: {{}}\n\n",
        "a failure in words": f"error: {some}",
        "JSON": f'{{"error": {{"message": "{some}"}}}}',
        "a JSON text": f'"{some}"',
        "Python's notation": f"{{'{some}': None}}",
        "both quotes": f"she said \"{some}\", then 'bye'",
        "a backslash": f"\\{some}\\",
        "escapes": f"\\n\\u0041\\u00e9\\ud83d\\ude00\\x41{some}%20+&amp;",
        "HTML": f"<b>{some}</b> & <script>",
        "format fields": f"{{}} {{0}} {{{{{some}}}}} %s %(x)s %% $$ ${{{some}}}",
        "a colon in front": f": {some}",
        "a comma before a bracket": f"[{some},] {{x,}} , ]",
        "words of JSON": f"NaN {some} Infinity null true",
        "addresses": addresses(random),
        "long, and not ASCII": long_mixture(random, _MIXTURE),
    }
