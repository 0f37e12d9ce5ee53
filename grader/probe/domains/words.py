"""Random words, of which the instances of all classes are made."""

from __future__ import annotations

from random import Random
from string import ascii_lowercase

ADJECTIVES = "amber brave calm dusty eager frosty gentle hidden ivory jolly keen lucid mellow noble olive proud".split()
NOUNS = "otter falcon badger heron lynx marmot newt oriole puffin quail raven stoat tern urchin vole wombat".split()
VERBS = "asks builds carries draws finds gathers hears keeps lifts mends names opens paints reads sings turns".split()
#: Spaces in a row: a pattern that tries each beginning of such a run needs seconds.
RUN = 20_000


#: Letters in a row: with a sign after them, a pattern that splits such a run in each way never comes to an end.
_LETTERS = 40


def word(random: Random) -> str:
    """A word with digits."""
    return f"{random.choice(NOUNS)}{random.randrange(10**6)}"


def broken_word(random: Random) -> str:
    """One long word, with a sign after it that no pattern of words takes."""
    return f"{''.join(random.choices(ascii_lowercase, k=_LETTERS))}!"


def addresses(random: Random) -> str:
    """What programs turn into links, or hide: addresses, and numbers of phones and cards."""
    some = word(random)
    links = f"http://{some}.example/?a=1&b=2#c www.{some}.example"
    return f"{links} <{some}@example.org> 10.0.0.7 +1 (555) 010-9999 4111 1111 1111 1111 sk-{some}"


def long_mixture(random: Random, size: int) -> str:
    """At least ``size`` characters of one to four bytes: of several cuts of its bytes, some are within a character."""
    pieces = ["é日👩", "日👩ß", "👩é語", f" {word(random)}"]
    return "".join(random.choices(pieces, k=size // 3 + 1))


def long_text(random: Random, size: int) -> str:
    """Words with single spaces between them, at least ``size`` characters, all of them ASCII."""
    first = word(random)
    words = [first, *(f"{random.choice(VERBS)} {random.choice(ADJECTIVES)}" for _ in range(8))]
    phrase = " ".join(words)
    count = size // (len(phrase) + 8) + 1
    return " ".join(f"{phrase} {number:06}" for number in range(count))
