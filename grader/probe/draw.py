"""Random keys, texts and numbers from a seed. So an app cannot know any content before the run."""

from __future__ import annotations

import random
from hashlib import shake_256

_ADJECTIVES = (
    "amber brave calm dusty eager frosty gentle hidden ivory jolly keen lucid mellow noble olive proud".split()
)
_NOUNS = "otter falcon badger heron lynx marmot newt oriole puffin quail raven stoat tern urchin vole wombat".split()
_VERBS = "asks builds carries draws finds gathers hears keeps lifts mends names opens paints reads sings turns".split()

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


def mark_of(key: str) -> str:
    """The part of a drawn key that no other key has, and that URL encoding and JSON leave as it is.

    By it a key is found in a request, whichever way the request has encoded the rest.
    """
    return key.rpartition(" ")[2]


class Draw:
    """The random values of one check. The same seed and check always give the same values."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)

    def key(self) -> str:
        """A key: readable, different from all others, and with characters that an app has to decode."""
        names = f"{self._random.choice(_ADJECTIVES)} {self._random.choice(_NOUNS)}"
        return f"{names} & café {self._random.getrandbits(32):08x}"

    def number(self, least: int, most: int) -> int:
        """A whole number from ``least`` to ``most``."""
        return self._random.randint(least, most)

    def word(self) -> str:
        """A word with digits."""
        return f"{self._random.choice(_NOUNS)}{self._random.randrange(10**6)}"

    def texts(self, count: int) -> list[str]:
        """``count`` different short texts that begin with a space, as tokens of a language model do."""
        words = [*_ADJECTIVES, *_NOUNS, *_VERBS]
        numbers = self._random.sample(range(1000), count)
        return [f" {self._random.choice(words)}{number}" for number in numbers]

    def awkward_texts(self) -> list[str]:
        """Texts that careless code damages, in a drawn order, and most with a drawn word in them."""
        found = [f"{text}{self._random.choice(_NOUNS)}{text[:1]}" if text.strip() else text for text in _AWKWARD]
        self._random.shuffle(found)
        return found

    def block(self, size: int) -> str:
        """One text of ``size`` ASCII characters that hardly compresses."""
        # Hashed: 624 numbers of Random in a row tell its state, and by that all that it draws, and its seed. What other
        # methods draw shows only some bits of each number.
        return shake_256(self._random.randbytes(32)).hexdigest(size // 2 + 1)[:size]
