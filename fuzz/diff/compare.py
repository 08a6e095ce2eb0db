"""Compares two engines' answers about one module."""
from dataclasses import dataclass

from executors import LACKS, alike, family, is_own


@dataclass
class Verdict:
    kind: str  # equal, skipped, differs
    detail: str = ""


def is_limit(word):
    """Returns whether the word is a trap for lack of stack or memory. Engines have different limits, so the comparison
    ends there."""
    return word.endswith(("!stack", "!allocation", ":stack", ":allocation"))


def compare(reference, answer, reference_name, name, features):
    """Compares two answers, which are lists of words as executor.cpp describes them, or None if the engine did not run.
    `features` are the proposals that the module uses."""
    if answer is None or reference is None:
        return Verdict("skipped", "not run")
    for words, who in ((reference, reference_name), (answer, name)):
        if words and words[0].startswith("crash:"):
            return Verdict("differs", f"{who} {words[0]}")
    refused = [bool(words) and words[0].startswith("reject:") for words in (reference, answer)]
    if any(refused):
        if all(refused):
            return Verdict("skipped", "refused")
        who, words = (reference_name, reference) if refused[0] else (name, answer)
        if not is_own(who) and LACKS.get(family(who), set()) & features:
            return Verdict("skipped", "refused")
        if is_own(who) and "_needs_the_proposal_" in words[0]:
            return Verdict("skipped", "refused")
        return Verdict("differs", f"{who} {words[0][:160]}")
    left, right = alike(reference, reference_name, name), alike(answer, reference_name, name)
    for one, other in zip(left, right):
        if is_limit(one) or is_limit(other):
            return Verdict("equal", "stack")
        if one != other:
            return Verdict("differs", f"{reference_name} {one} {name} {other}")
    if len(left) != len(right):
        return Verdict("differs", f"{reference_name} has {len(left)} answers, {name} {len(right)}")
    return Verdict("equal")
