#!/usr/bin/env python3
"""Checks sizes: lines have at most 120 columns, and in C++ files have at most 500 lines and functions 100.

    check_sizes.py [DIRECTORY]

Lines are checked in C++, C, assembly, shell, Python, CMake and Markdown. In Markdown, tables and preformatted text may
be wider.

Without a directory the files of the repository are checked. Each violation is printed as a line that begins with FAIL;
the last line is `N passed, N failed`, where N counts files, lines and functions.
"""
import pathlib
import re
import subprocess
import sys

MOST_COLUMNS = 120
MOST_LINES_OF_A_FILE = 500
MOST_LINES_OF_A_FUNCTION = 100

CPP = (".cpp", ".hpp")
TEXT = (*CPP, ".c", ".h", ".S", ".s", ".sh", ".py", ".cmake", ".md")
NAMES = ("CMakeLists.txt", "cairn", "run")  # texts whose names do not say what they are

# Literals and comments, in which braces have no meaning, and directives with their continuation lines.
IGNORED = re.compile(
    r"""R"(?P<delimiter>[^()\\\s]{0,16})\((?:.|\n)*?\)(?P=delimiter)"
      | "(?:[^"\\\n]|\\(?:.|\n))*"
      | (?<![0-9A-Fa-f])'(?:[^'\\\n]|\\.)+'
      | //(?:[^\\\n]|\\(?:.|\n))*
      | /\*(?:.|\n)*?\*/
      | ^[ \t]*\#(?:[^\\\n]|\\(?:.|\n))*""",
    re.VERBOSE | re.MULTILINE,
)
SCOPE = re.compile(r"^(?:\s|template\s*<[^{}]*>|inline|export|typedef|static|const|constexpr|alignas\([^)]*\)"
                   r"|\[\[[^\]]*\]\])*"
                   r"(?:(?:namespace|class|struct|union|enum)\b|extern\s+\")")
ACCESS = re.compile(r"\s*(?:public|protected|private)\s*:(?!:)")
LAMBDA = re.compile(r"=\s*\[[^\]]*\]")


def without_ignored(text):
    """Returns the text with comments, literals and directives replaced by blanks; lines keep their numbers."""

    def blank(match):
        found = match.group()
        if found.startswith('"') or found.startswith("R\""):
            return '"' + re.sub(r"[^\n]", " ", found)[1:]
        return re.sub(r"[^\n]", " ", found)

    return IGNORED.sub(blank, text)


def is_function(header, before):
    """Returns whether the brace after `header` opens a function's body; `before` is the character before the brace."""
    if "(" not in header or SCOPE.match(header) or not before.isspace():
        return False
    if LAMBDA.search(header):
        return True
    depth = 0
    for place in re.finditer(r"[()]|operator\s*[=<>!+\-*/%&|^]*=+|[=!<>]=|=", header):
        found = place.group()
        depth += (found == "(") - (found == ")")
        if found == "=" and depth == 0:
            return False  # the value of a variable
    return True


def functions(text):
    """Yields the numbers of the first and the last line of each function, and the text of its first line."""
    text = without_ignored(text)
    lines = text.split("\n")
    scopes = 0  # open braces outside of functions
    depth = 0  # open braces inside of a function
    start = 0  # where the declaration begins to which the next brace may belong
    parentheses = 0
    for place in re.finditer(r"[{}();]", text):
        token, at = place.group(), place.start()
        if depth != 0:
            depth += (token == "{") - (token == "}")
            if depth == 0:
                last = text.count("\n", 0, at) + 1
                yield first, last, lines[first - 1].strip()
                start = at + 1
            continue
        if token in "()":
            parentheses += 1 if token == "(" else -1
        elif token == "{":
            while specifier := ACCESS.match(text, start, at):
                start = specifier.end()
            header = text[start:at]
            before = text[at - 1] if at > 0 else " "
            if parentheses == 0 and is_function(header, before):
                first = text.count("\n", 0, start + len(header) - len(header.lstrip())) + 1
                depth = 1
            else:
                scopes += 1
                if SCOPE.match(header):
                    start = at + 1
        elif token == "}":
            scopes -= 1
            # After a member's initializer, the declaration continues.
            if not re.match(r"\s*(?:,|\{|\))", text[at + 1 : at + 200]) and parentheses == 0:
                start = at + 1
        elif parentheses == 0:
            start = at + 1


def files_of(arguments):
    """Returns the root directory, and the paths below it of the files to check."""
    if arguments:
        root = pathlib.Path(arguments[0])
        found = sorted(p.relative_to(root) for p in root.rglob("*") if p.is_file())
    else:
        root = pathlib.Path(__file__).resolve().parent.parent
        listed = subprocess.run(["git", "ls-files"], cwd=root, check=True, capture_output=True, text=True)
        found = [pathlib.Path(p) for p in listed.stdout.split("\n") if p and (root / p).exists()]
    return root, [p for p in found if p.suffix in TEXT or p.name in NAMES]


def wide_lines(lines):
    """Returns the numbers of the lines of Markdown that are in tables or preformatted, and so may be wide."""
    wide, fenced, after_blank = set(), False, True
    for number, line in enumerate(lines, 1):
        if line.startswith("```"):
            fenced = not fenced
        preformatted = line.startswith("    ") and (after_blank or number - 1 in wide)
        if fenced or preformatted or line.startswith("|"):
            wide.add(number)
        after_blank = not line.strip()
    return wide


def main():
    root, files = files_of(sys.argv[1:])
    checked = 0
    failures = []

    def check(size, most, what):
        nonlocal checked
        checked += 1
        if size > most:
            failures.append(f"FAIL {what}; the most is {most}")

    for file in files:
        text = (root / file).read_text(encoding="utf-8")
        lines = text.splitlines()
        wide = wide_lines(lines) if file.suffix == ".md" else ()
        for number, line in enumerate(lines, 1):
            if number not in wide:
                check(len(line), MOST_COLUMNS, f"{file}:{number}: {len(line)} columns")
        if file.suffix not in CPP:
            continue
        check(len(lines), MOST_LINES_OF_A_FILE, f"{file}: {len(lines)} lines")
        for first, last, signature in functions(text):
            size = last - first + 1
            check(size, MOST_LINES_OF_A_FUNCTION, f"{file}:{first}: a function of {size} lines: {signature}")
    for failure in failures:
        print(failure)
    print(f"{checked - len(failures)} passed, {len(failures)} failed")
    return 1 if failures or checked == 0 else 0


sys.exit(main())
