"""Random keys, texts and numbers from a seed. So an app cannot know any content before the run."""

from __future__ import annotations

import math
import random
import re
from hashlib import shake_256

from grader.probe.domains import counts, fields, flags, keys, texts, values
from grader.probe.domains.words import ADJECTIVES, NOUNS, VERBS, word

#: Texts that careless code damages: all kinds of line endings, separators that look like them, quotes, emoji, spaces.
_AWKWARD = (
    "line one\nline two\n",
    "carriage\rreturn\r\nboth",
    "she said \"hello\", then \\ and 'bye'",
    "👩‍🚀 naïve café 日本語",
    " leading and trailing ",
    "data: not a field\n\nid: 7",
    "\u2028separator\u2029\u0085next",
    "tab\tand : colon",
    "{'not': \"json\"}",
    "[DONE]",
    "\n",
    "   ",
)


#: The end of a drawn key.
_MARK = re.compile(r" ([0-9a-f]{8})\Z")


def mark_of(key: str) -> str:
    """The part of a drawn key that no other key has, and that URL encoding and JSON leave as it is; else "".

    By it a key is found in a request, whichever way the request has encoded the rest.
    """
    found = _MARK.search(key)
    return found[1] if found else ""


def _is_prime(number: int) -> bool:
    return number > 1 and all(number % smaller for smaller in range(2, math.isqrt(number) + 1))


class Draw:
    """The random values of one check. The same seed and check always give the same values."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)

    def key(self) -> str:
        """A key: readable, different from all others, and with characters that an app has to decode."""
        names = f"{self._random.choice(ADJECTIVES)} {self._random.choice(NOUNS)}"
        return f"{names} & café {self._random.getrandbits(32):08x}"

    def number(self, least: int, most: int) -> int:
        """A whole number from ``least`` to ``most``."""
        return self._random.randint(least, most)

    def prime(self, least: int, most: int) -> int:
        """A prime number from ``least`` to ``most``: no app that collects some items, and sends them, has none left."""
        return self._random.choice([number for number in range(least, most + 1) if _is_prime(number)])

    def word(self) -> str:
        """A word with digits."""
        return word(self._random)

    def texts(self, count: int) -> list[str]:
        """``count`` different short texts that begin with a space, as tokens of a language model do."""
        words = [*ADJECTIVES, *NOUNS, *VERBS]
        numbers = self._random.sample(range(1000), count)
        return [f" {self._random.choice(words)}{number}" for number in numbers]

    def awkward_texts(self) -> list[str]:
        """Texts that careless code damages, in a drawn order, and most with a drawn word in them."""
        found = [f"{text}{self._random.choice(NOUNS)}{text[:1]}" if text.strip() else text for text in _AWKWARD]
        self._random.shuffle(found)
        return found

    def block(self, size: int) -> str:
        """One text of ``size`` ASCII characters that hardly compresses."""
        # Hashed: 624 numbers of Random in a row tell its state, and by that all that it draws, and its seed. What other
        # methods draw shows only some bits of each number.
        return shake_256(self._random.randbytes(32)).hexdigest(size // 2 + 1)[:size]

    # -- domains: an instance of every class, by the class's name -----------------------------------------------

    def every_text(self) -> dict[str, str]:
        """Texts of every class that an upstream can give: empty ones, repeats, spaces, `[DONE]`, 66 KiB of words ..."""
        return texts.every_text(self._random)

    def every_opening(self) -> dict[str, str]:
        """Texts after which an app may wait for more: an open code fence, half of a marker, a joiner at the end ..."""
        return texts.every_opening()

    def every_key(self) -> dict[str, str]:
        """Keys of every class, for ``upstream.another(key=...)``: all different, and none of them empty."""
        return keys.every_key(self._random)

    def every_name(self) -> dict[str, str]:
        """Names of every class, for what a response repeats, such as the name of a model. None is empty."""
        return keys.every_name(self._random)

    def every_count(self) -> tuple[int, ...]:
        """None, one, two, some, and many."""
        return counts.every_count(self._random)

    def many(self) -> int:
        """More items than any window that an app may keep: 521 to 539."""
        return counts.many(self._random)

    def every_extra(self) -> dict[str, values.Value]:
        """Keys that a contract does not mention, with values that tempt: limits, stop words, null, an object ..."""
        return values.every_extra(self._random)

    def every_extreme(self) -> dict[str, values.Value]:
        """Such keys with values at the ends of what they usually may have, and beyond: no tokens, tools ..."""
        return values.every_extreme(self._random)

    def every_field(self) -> dict[str, str]:
        """Fields of a request that a contract does not mention: conditions, ranges, preferences. None is Accept."""
        return fields.every_field(self._random)

    def identity(self) -> dict[str, str]:
        """Fields by which an app may take the requests of a crowd for those of one client, or for one request."""
        return fields.identity(self._random)

    def wrong_values(self, *right: type | None) -> dict[str, values.Value]:
        """JSON values of every other type than ``right`` (None, bool, int, float, str, list, dict).

        Whole numbers are floats as well, and a bool is never an int.
        """
        return values.wrong_values(self._random, *right)

    def every_bad_flag(self) -> dict[str, str]:
        """Values of a flag in a query that are neither true nor false, whatever spellings of them count.

        None is empty: that may count as an absent one.
        """
        return flags.every_bad_flag(self._random)
