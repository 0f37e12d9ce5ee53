"""Values of a flag in a query that are neither true nor false."""

from __future__ import annotations

from random import Random
from string import ascii_lowercase

#: Each spelling of true and false (true, yes, on, enabled, ja, si; false, no, off, disabled, nein) has a neighbour that
#: begins with the same letter and means neither.
_WORDS = "tern falcon yak newt otter eager dusty jolly stoat".split()
_OTHERS = "amber badger celery gecko heron ivory keen lynx marmot puffin quail raven urchin vole wombat zebra".split()


def every_bad_flag(random: Random) -> dict[str, str]:
    """An instance of every class of value that is not a spelling of true or false, whatever spellings count.

    No value is empty: whether that counts as an absent one is a matter of taste.
    """
    digits = random.randrange(10, 1000)
    words = {f"a word with {word[0]}": f"{word}{digits}" for word in _WORDS}
    return {
        **words,
        "a word with another letter": f"{random.choice(_OTHERS)}{digits}",
        "maybe": "maybe",
        "begins with true": f"true{digits}",
        "begins with false": f"false{digits}",
        "a part of true": "rue",
        "a part of false": "als",
        "ends with true": f"un{random.choice(ascii_lowercase)}true",
        "both": "true,false",
        "a word in upper case": f"{random.choice(_OTHERS).upper()}{digits}",
        "a whole number": str(random.randint(2, 9)),
        "a negative number": str(-random.randint(2, 9)),
        "not a number": "nan",
        "a number that is too large": "1e999",
        "a fraction": f"0.{random.randint(1, 9)}",
        "an object": "{}",
        "quotes and a backslash": f'"{random.choice(_OTHERS)}"\\',
        "a digit that is not one of ASCII": random.choice("²³¹"),
        "other characters": f"\u2713é{digits}",
        "a very long word": random.choice(_OTHERS) * 100,
    }
