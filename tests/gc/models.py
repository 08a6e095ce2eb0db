"""Computes what a program must print, without the program: models.py PROGRAM [ARGUMENT...].

Each model does in plain Python what the program of the same name in programs/ does. The two have only the random
numbers in common."""
import functools
import sys

MASK64 = (1 << 64) - 1


class Random:
    """The generator xorshift, as in support.wat."""

    def __init__(self):
        self.state = 2463534242

    def next(self):
        x = self.state
        x ^= x << 13 & 0xFFFFFFFF
        x ^= x >> 17
        x ^= x << 5 & 0xFFFFFFFF
        self.state = x
        return x

    def below(self, bound):
        return self.next() % bound


random = Random()


def signed(value, bits):
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def say(*numbers):
    print(*(number & MASK64 for number in numbers))


def trees(depth):
    # A full tree of depth d has 2^(d+1) - 1 nodes.
    say(depth + 1, 2 ** (depth + 2) - 1)
    for d in range(4, max(depth, 4) + 1, 2):
        rounds = (1 << (depth - d + 4)) & 0xFFFFFFFF if depth - d + 4 >= 0 else 0
        say(rounds, d, rounds * (2 ** (d + 1) - 1))
    say(depth, 2 ** (depth + 1) - 1)


def maps(operations):
    def length(number):
        digits = 1
        while number >= 26:
            number //= 26
            digits += 1
        return 4 + digits

    values, total = {}, 0
    keys = operations // 4 + 1
    for i in range(operations):
        key = random.below(keys)
        if random.below(4) < 3:
            values[key] = values[key] + 7 if key in values else i
        else:
            total = total * 3 + values.pop(key, -1) & MASK64
    say(len(values), total, sum(value * length(key) for key, value in values.items()))


def graph(size):
    class Node:
        def __init__(self, number):
            self.number, self.edges = number, []

    nodes = [Node(number) for number in range(size)]
    numbers = size
    for _ in range(12):
        for _ in range(size):
            what = random.below(8)
            node = nodes[random.below(size)]
            if what < 5:
                node.edges.append(nodes[random.below(size)])
            elif what < 7:
                if node.edges:
                    which = random.below(len(node.edges))
                    node.edges[which] = node.edges[-1]
                    node.edges.pop()
            else:
                fresh = Node(numbers)
                numbers += 1
                fresh.edges.append(node)
                nodes[random.below(size)] = fresh
        reached, work = {nodes[0]}, [nodes[0]]
        while work:
            for other in work.pop().edges:
                if other not in reached:
                    reached.add(other)
                    work.append(other)
        say(len(reached), sum(node.number * (len(node.edges) + 1) for node in reached))


def strings(count):
    def code(string):
        value = 5381
        for unit in string:
            value = value * 33 + unit & MASK64
        return value

    def word():
        # For each unit, the offset is drawn before the alphabet.
        units = []
        for _ in range(random.below(10) + 1):
            offset = random.below(26)
            units.append(offset + (40000 if random.below(2) else 97))
        return tuple(units)

    words = [word() for _ in range(count)]
    if count < 100:
        text = functools.reduce(lambda units, part: units + [32] + list(part), words[1:], list(words[0]))
    else:
        text = [unit for part in words for unit in (32, *part)][1:]
    say(len(text), code(text))
    doubled, total = [], 0
    for part in words:
        doubled.append(part + part[::-1])
        total = (total << 5 & MASK64 | total >> 59) ^ code(doubled[-1])
    say(code(min(words)), code(max(words)), sum(part == part[::-1] for part in words), total)
    joined = ()
    for part in doubled:
        joined += part
        if len(joined) > 2000:
            joined = joined[1000:1500]
    say(len(joined), code(joined))


def sort(count):
    def record():
        kind = random.below(3)
        if kind == 0:
            return (0, signed(random.next(), 32) >> 12, 0)
        if kind == 1:
            return (1, signed(random.next(), 32) / 65536, 0)
        first = random.next() & 0xFFFF
        return (2, signed(random.next(), 8), first)

    for _ in range(3):
        records = [(record(), number) for number in range(count)]
        records.sort(key=lambda pair: pair[0])
        total = 0
        for _, number in records:
            total = total * 31 + number & MASK64
        say(total)


def versions(changes):
    # These are whole dictionaries, not trees that share nodes; only the answers must be the same.
    kept = [{}] * 64
    current, total = {}, 0
    keys = changes // 4 + 2
    for i in range(changes):
        if random.below(5) < 3:
            current = {**current, random.below(keys): i}
        else:
            key = random.below(keys)
            current = {other: value for other, value in current.items() if other != key}
        kept[i & 63] = current
        which = kept[random.below(64)]
        total = total * 5 + which.get(random.below(keys), 1) & MASK64
    say(total, len(current))
    total = 0
    for version in kept:
        total = total * 3 + len(version) & MASK64
    say(total)


def live(megabytes, thousands=0):
    class Record:
        def __init__(self, number, data, count):
            self.number, self.data, self.count, self.other = number, data, count, None

    size = megabytes * 16384
    first = lambda number: number * 7 & 0xFFFFFFFF
    records = [Record(i, first(i), 0) for i in range(size)]
    total = 0
    for i in range(thousands * 1000):
        which = random.below(size)
        old = records[which]
        data = old.data
        if i & 1:
            total = total * 3 + data & MASK64
            data = first(i + which)
        fresh = records[which] = Record(which, data, old.count + 1)
        fresh.other = records[random.below(size)]
        fresh.other.other = None
    say(total)
    total = 0
    for record in records:
        total = total * 3 + record.count + record.data & MASK64
        if record.other:
            total += record.other.number
    say(total)


def objects(rounds):
    # Trees are tuples: ("constant", n), ("variable",), ("sum", a, b), ("product", a, b).
    def build(depth):
        what = random.below(8)
        if depth == 0 or what < 2:
            return ("variable",) if what & 1 else ("constant", signed(random.next(), 32) >> 20)
        left = build(depth - 1)
        return ("sum" if what < 5 else "product", left, build(depth - 1))

    def evaluate(node, x):
        if node[0] == "constant":
            return node[1]
        if node[0] == "variable":
            return x
        left, right = evaluate(node[1], x), evaluate(node[2], x)
        return signed(left + right if node[0] == "sum" else left * right, 64)

    def derive(node):
        if node[0] in ("constant", "variable"):
            return ("constant", int(node[0] == "variable"))
        left, right = derive(node[1]), derive(node[2])
        if node[0] == "sum":
            return ("sum", left, right)
        return ("sum", ("product", left, node[2]), ("product", node[1], right))

    def simplify(node):
        if node[0] in ("constant", "variable"):
            return node
        left, right = simplify(node[1]), simplify(node[2])
        zero, one = ("constant", 0), ("constant", 1)
        if node[0] == "sum":
            return right if left == zero else left if right == zero else ("sum", left, right)
        if left == one:
            return right
        if right == one or left == zero:
            return left
        return right if right == zero else ("product", left, right)

    def code(node):
        if node[0] == "constant":
            return 17 + node[1]
        if node[0] == "variable":
            return 23
        return code(node[1]) * 31 + code(node[2]) + (3 if node[0] == "sum" else 4) & MASK64

    values, hashes = 0, 0
    for _ in range(rounds):
        node = build(6)
        derived = simplify(derive(node))
        for x in range(-4, 4):
            values = values * 3 + evaluate(node, evaluate(derived, x)) & MASK64
        hashes = hashes * 7 + code(simplify(node)) & MASK64
    say(values, hashes)


if __name__ == "__main__":
    globals()[sys.argv[1]](*map(int, sys.argv[2:]))
