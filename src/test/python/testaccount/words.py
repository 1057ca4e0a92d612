"""The words of a statement, and the errors in which Snowflake answers."""

import re


class Refused(Exception):
    """What Snowflake would answer with an error: its code, SQL state and message."""

    def __init__(self, code, state, message):
        super().__init__(message)
        self.code, self.state, self.message = f"{code:06d}", state, message


def compilation(code, state, message):
    return Refused(code, state, "SQL compilation error:\n" + message)


def syntax(near, position):
    return compilation(1003, "42000", f"syntax error line 1 at position {position} unexpected '{near}'.")


def missing(kind, name):
    return compilation(2043 if kind == "Object" else 2003, "02000", f"{kind} '{name}' does not exist or not authorized.")


def denied(what, name):
    return Refused(3001, "42501", f"SQL access control error:\nInsufficient privileges to operate on {what} '{name}'.")


def unseen(kind, name):
    return compilation(3041, "42710", f"{kind.capitalize()} '{name}' already exists, but current role has no privileges on it.")


TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*|//[^\n]*|/\*.*?\*/)
      | (?P<string>'(?:[^'\\]|''|\\.)*'|\$\$.*?\$\$)
      | (?P<quoted>"(?:[^"]|"")*")
      | (?P<number>\d+(?:\.\d+)?)
      | (?P<word>[A-Za-z_][A-Za-z0-9_$]*)
      | (?P<stage>@[^\s()',;]+|@"[^\s]+)
      | (?P<mark>=>|::|<>|[-+*/(),.;=<>?:$\[\]{}|!&%^~])""",
    re.VERBOSE | re.DOTALL,
)
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "b": "\b", "f": "\f"}


def text_of(literal):
    """A string literal's value."""
    if literal.startswith("$$"):
        return literal[2:-2]
    return re.sub(
        r"''|\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)",
        lambda m: "'" if m[0] == "''" else chr(int(m[1][1:], 16)) if len(m[1]) > 1 else ESCAPES.get(m[1], m[1]),
        literal[1:-1],
        flags=re.DOTALL,
    )


class Words:
    """A statement's tokens, taken one after the other."""

    def __init__(self, sql):
        self.sql, self.tokens, self.at = sql, [], 0
        position = 0
        while position < len(sql):
            match = TOKEN.match(sql, position)
            if not match:
                raise syntax(sql[position : position + 20], position)
            if match.lastgroup != "space":
                self.tokens.append((match.lastgroup, match[0], position))
            position = match.end()
        while self.tokens and self.tokens[-1][1] == ";":
            self.tokens.pop()

    def bind(self, bindings):
        """Puts texts in the place of question marks."""
        values = iter(bindings)
        for i, (kind, text, position) in enumerate(self.tokens):
            if text == "?":
                binding = next(values, {"type": None})
                if binding["type"] != "TEXT":
                    raise Refused(2049, "0A000", f"The test server takes no bind variable of type {binding['type']} here")
                self.tokens[i] = ("string", "'" + binding["value"].replace("\\", "\\\\").replace("'", "''") + "'", position)

    def peek(self, ahead=0):
        """The next token: a word in upper case, anything else as it stands; empty at the end."""
        if self.at + ahead >= len(self.tokens):
            return ""
        kind, text, _ = self.tokens[self.at + ahead]
        return text.upper() if kind == "word" else text

    def kind(self):
        return self.tokens[self.at][0] if self.at < len(self.tokens) else "end"

    def next_is(self, *words):
        return all(self.peek(i) == word for i, word in enumerate(words))

    def take(self, *words):
        """Whether these come next; then they are taken."""
        if not self.next_is(*words):
            return False
        self.at += len(words)
        return True

    def expect(self, *words):
        for word in words:
            if not self.take(word):
                raise self.unexpected()
        return self

    def unexpected(self):
        if self.at < len(self.tokens):
            return syntax(self.tokens[self.at][1], self.tokens[self.at][2])
        return compilation(1003, "42000", f"syntax error line 1 at position {len(self.sql)} unexpected '<EOF>'.")

    def end(self):
        if self.at < len(self.tokens):
            raise self.unexpected()

    def next_of(self, *kinds):
        if self.kind() not in kinds:
            raise self.unexpected()
        text = self.tokens[self.at][1]
        self.at += 1
        return text

    def identifier(self):
        text = self.next_of("word", "quoted")
        return text[1:-1].replace('""', '"') if text[0] == '"' else text.upper()

    def name(self):
        """An object's name as its parts."""
        if self.take("IDENTIFIER", "("):
            text = self.string()
            self.expect(")")
            return Words(text).name()
        parts = [self.identifier()]
        while self.take("."):
            parts.append(self.identifier())
        return parts

    def string(self):
        return text_of(self.next_of("string"))

    def rest(self):
        """The text from here to the end."""
        if self.at >= len(self.tokens):
            raise self.unexpected()
        start = self.tokens[self.at][2]
        self.at = len(self.tokens)
        return self.sql[start:].rstrip("; \n")

    def option(self, name):
        """The value in {@code name = value}, or None where another word comes next."""
        if self.next_is(name, "="):
            self.at += 2
            return self.value()
        return None

    def value(self):
        if self.kind() == "string":
            return self.string()
        if self.take("("):
            values = []
            while not self.take(")"):
                if self.kind() in ("word", "quoted") and self.peek(1) == "=":
                    key = self.identifier()
                    self.expect("=")
                    values.append((key, self.value()))
                else:
                    values.append(self.value())
                self.take(",")
            return dict(values) if values and isinstance(values[0], tuple) else values
        if self.kind() == "number":
            return int(self.next_of("number"))
        if self.kind() == "stage":
            return self.next_of("stage")
        word = ".".join(self.name())
        return {"TRUE": True, "FALSE": False}.get(word, word)

    def options(self, *known, keywords=()):
        """All that follows, as {@code name = value} with one of the names known; those of keywords take no text in quotes."""
        found = {}
        while self.at < len(self.tokens):
            self.take(",")
            if self.peek() not in known:
                raise self.unexpected()
            key = self.identifier()
            self.expect("=")
            if key in keywords and self.kind() == "string":
                raise self.unexpected()
            found[key] = self.value()
        return found


def plain(name):
    return name if re.fullmatch(r"[A-Z_][A-Z0-9_$]*", name) else '"' + name.replace('"', '""') + '"'


def full(*parts):
    return ".".join(plain(part) for part in parts)


def missing_object(label, name):
    return compilation(2003, "42S02" if label == "Object" else "02000", f"{label} '{name}' does not exist or not authorized.")


def exists_clause(words, negative):
    return words.take("IF", "NOT", "EXISTS") if negative else words.take("IF", "EXISTS")


def parenthesis(words):
    """The text in parentheses."""
    words.expect("(")
    start, depth = words.tokens[words.at][2], 1
    while depth:
        kind, text, position = words.tokens[words.at] if words.at < len(words.tokens) else (None, "", 0)
        if kind is None:
            raise words.unexpected()
        depth += {"(": 1, ")": -1}.get(text, 0)
        words.at += 1
    return words.sql[start:position]
