"""Random words, of which the instances of all classes are made."""

from __future__ import annotations

from random import Random

ADJECTIVES = "amber brave calm dusty eager frosty gentle hidden ivory jolly keen lucid mellow noble olive proud".split()
NOUNS = "otter falcon badger heron lynx marmot newt oriole puffin quail raven stoat tern urchin vole wombat".split()
VERBS = "asks builds carries draws finds gathers hears keeps lifts mends names opens paints reads sings turns".split()
#: Spaces in a row: a pattern that tries each beginning of such a run needs seconds.
RUN = 20_000


def word(random: Random) -> str:
    """A word with digits."""
    return f"{random.choice(NOUNS)}{random.randrange(10**6)}"


def long_text(random: Random, size: int) -> str:
    """Words with single spaces between them, at least ``size`` characters, all of them ASCII."""
    first = word(random)
    words = [first, *(f"{random.choice(VERBS)} {random.choice(ADJECTIVES)}" for _ in range(8))]
    phrase = " ".join(words)
    count = size // (len(phrase) + 8) + 1
    return " ".join(f"{phrase} {number:06}" for number in range(count))
