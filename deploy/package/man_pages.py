#!/usr/bin/python3
"""Writes the manual pages kiln(1) and kiln.toml(5) from what program and file say themselves.

    man_pages.py KILN KILN_TOML VERSION DATE DIRECTORY

KILN is the program, or a command that runs it ("qemu-aarch64-static kiln"): kiln(1) is its help and
that of each of its commands. kiln.toml(5) is the commented configuration file. Neither page has a
text of its own that could contradict them, but for where the service keeps its files. What cannot
be understood is an error, not a gap in the page.
"""

import re
import shlex
import subprocess
import sys

FILES = (
    ("/etc/kiln/kiln.toml", "Configuration of the service, see kiln.toml(5)."),
    ("/var/lib/kiln", "State of the service: its checkpoints, the newest of which it goes on from. "
                      "Use it as the --state of kiln status, pause, resume, save, set and memory."),
    ("/var/log/kiln", "Logs of the service, as text and as JSON lines. Elsewhere: logs in the "
                      "state directory."),
    ("/etc/systemd/system/kiln.service.d", "Changes of the service's unit (systemctl edit kiln)."),
)
SEE_ALSO = {1: "kiln.toml(5), systemctl(1), journalctl(1)", 5: "kiln(1), systemd.service(5)"}


def escape(text):
    """Text as roff takes it: nothing of it is a request, a hyphen or a typographic quote."""
    for character, name in (("\\", "\\e"), ("-", "\\-"), ("'", "\\(aq"), ("`", "\\(ga"),
                            ("^", "\\(ha"), ("~", "\\(ti"), ('"', "\\(dq")):
        text = text.replace(character, name)
    return "\\&" + text if text.startswith(".") else text


def sentence(text):
    """A note of the help as a sentence: its first word is a capital unless it is a name."""
    text = text.strip()
    if text[:1].islower():
        text = text[0].upper() + text[1:]
    return text if not text or text[-1] in ".:?!" else text + "."


class Option:
    """One line of a list in the help, or two where the name is long."""

    def __init__(self, name, text):
        self.line = (name, text)
        notes = []
        for word, phrase in (("Excludes", "Not with"), ("Needs", "Only with")):
            if found := re.search(rf" {word}: ((?:--?[a-z-]+ ?)+)", name):
                notes.append(f"{phrase} {', '.join(found.group(1).split())}.")
                name = name.replace(found.group(0).rstrip(), "")
        if found := re.search(r":[A-Z]+ in \[(\S+) - (\S+)\]", name):
            notes.append(f"From {found.group(1)} to {found.group(2)}.")
            name = name.replace(found.group(0), "")
        if name.endswith(" REQUIRED"):
            notes.append("Required.")
            name = name.removesuffix(" REQUIRED")
        self.name = name.replace(",--", ", --").strip()
        self.text = " ".join([sentence(text), *notes])


class Help:
    """What `kiln COMMAND --help` prints, in parts."""

    def __init__(self, text):
        lines = text.rstrip().split("\n")
        self.purpose = lines[0]
        if not (len(lines) > 1 and lines[1].startswith("Usage: ")):
            raise SystemExit(f"man_pages.py: no 'Usage: ' in the help of '{self.purpose}'")
        self.usage = lines[1].removeprefix("Usage: ")
        self.lists = {}  # heading: options
        self.examples = []
        self.closing = []  # lines below the examples
        heading = None
        for line, next_line in zip(lines[2:], [*lines[3:], ""]):
            if re.fullmatch(r"[A-Z][A-Za-z ]*:", line):
                heading = line.removesuffix(":")
                if heading != "Examples":
                    self.lists[heading] = []
            elif not line:
                heading = heading if heading == "Examples" else None
            elif heading == "Examples" and line.startswith("  "):
                self.examples.append(line[2:])
            elif heading in self.lists and line.startswith("  "):
                self.add_option(self.lists[heading], line, next_line)
            elif heading in self.lists:
                raise SystemExit(f"man_pages.py: '{line}' in the help of '{self.purpose}'")
            else:
                self.closing.append(line)

    @staticmethod
    def add_option(options, line, next_line):
        column = " " * 30  # where texts begin
        if line.startswith(column):  # the text of the name above
            options[-1] = Option(options[-1].line[0], line)
        elif next_line.startswith(column):
            options.append(Option(line[2:], ""))
        else:
            options.append(Option(line[2:30].rstrip(), line[30:]))

    def options(self):
        return [option for heading, options in self.lists.items() if heading != "Subcommands"
                for option in options if not option.name.startswith("-h, ")]

    def commands(self):
        return [option for option in self.lists.get("Subcommands", ()) if option.name != "help"]


def ask(kiln, *arguments):
    done = subprocess.run([*kiln, *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"man_pages.py: {shlex.join([*kiln, *arguments])}: {done.stderr.strip()}")
    return done.stdout


def all_help(kiln):
    """{words of a command: its Help}, in the order of the help; () is the program's own."""
    found = {}

    def visit(words):
        found[words] = Help(ask(kiln, *words, "--help"))
        for command in found[words].commands():
            visit((*words, command.name))

    visit(())
    return found


def tagged(name, text):
    return [".TP", f".B {escape(name)}", escape(text)]


def code(lines):
    return [".PP", ".nf", ".RS 2", *map(escape, lines), ".RE", ".fi"]


def title(name, section, version, date):
    return [f'.TH {name} {section} {date} "Kiln {version}" "{"Kiln" if section == 1 else "Files"}"',
            ".nh", ".ad l"]


def see_also(section):
    return [".SH SEE ALSO", escape(SEE_ALSO[section])]


def command_section(words, text, train):
    lines = [f".SS kiln {escape(' '.join(words))}", escape(sentence(text.purpose)), ".PP",
             escape(text.usage)]
    options = text.options()
    if words != ("train",):
        shared = {option.line for option in train.options()}
        own = [option for option in options if option.line not in shared]
        if len(options) - len(own) > len(shared) // 2:
            lines += [".PP", "Takes the options of kiln train, and:"]
            options = own
    for option in options:
        lines += tagged(option.name, option.text)
    if text.closing:
        lines += [".PP", *map(escape, text.closing)]
    if text.examples:
        lines += code(text.examples)
    return lines


def exit_codes(closing):
    """The program's closing lines as (those before the exit codes, [(code, meaning)])."""
    text = "\n".join(closing)
    before, found, codes = text.partition("Exit codes: ")
    pairs = re.findall(r"(\d+) ((?:[^;]|;(?! \d))+?)(?:; (?=\d)|\.$)", " ".join(codes.split()))
    if not found or [int(number) for number, _ in pairs][:1] != [0]:
        raise SystemExit("man_pages.py: no 'Exit codes: 0 ...' in the help")
    return before.strip().split("\n"), pairs


def command_page(kiln, version, date):
    texts = all_help(kiln)
    top = texts[()]
    before, codes = exit_codes(top.closing)
    name, _, purpose = top.purpose.partition(": ")
    lines = title("KILN", 1, version, date)
    lines += [".SH NAME", f"{name.lower()} \\- {escape(purpose)}",
              ".SH SYNOPSIS", ".B kiln", "COMMAND [OPTIONS]", ".br", ".B kiln", "[OPTIONS]",
              ".SH DESCRIPTION", escape(sentence(purpose)), "Its commands:"]
    for command in top.commands():
        lines += tagged(command.name, command.text)
    lines += [".PP", *map(escape, before), ".SH OPTIONS"]
    for option in top.lists["Options"]:
        lines += tagged(option.name, option.text)
    lines += [".SH COMMANDS"]
    for words, text in texts.items():
        if words:
            lines += command_section(words, text, texts[("train",)])
    lines += [".SH EXIT STATUS"]
    for number, meaning in codes:
        lines += tagged(number, sentence(meaning))
    lines += [".SH FILES"]
    for path, text in FILES:
        lines += tagged(path, text)
    lines += [".SH EXAMPLES", *code(top.examples), *see_also(1)]
    return "\n".join(lines) + "\n"


def configuration_page(text, version, date):
    lines = title("KILN.TOML", 5, version, date)
    lines += [".SH NAME", "kiln.toml \\- configuration of kiln", ".SH DESCRIPTION"]
    for paragraph in text.strip().split("\n\n"):
        prose, keys = [], []
        for line in paragraph.split("\n"):
            if line.startswith("# == "):
                lines.append(f".SH {escape(line.removeprefix('# == ').upper())}")
            elif line.startswith("# "):
                prose.append(escape(line.removeprefix("# ")))
            elif found := re.fullmatch(r"(#?)([a-z][a-z-]* = .*)", line):
                keys.append((found.group(2), not found.group(1)))
            elif line != "#":
                raise SystemExit(f"man_pages.py: '{line}' in kiln.toml")
            else:
                prose.append(".PP")
        for number, (key, is_set) in enumerate(keys):
            lines += [".TQ" if number else ".TP", f".B {escape(key)}" + (" *" if is_set else "")]
        lines += prose if keys else [".PP", *prose] if prose else []
    lines += [".SH NOTES", "A line marked * is set in the file that comes with Kiln; the others",
              "stand there as comments, with the defaults of the program.", *see_also(5)]
    return "\n".join(lines) + "\n"


def main():
    if len(sys.argv) != 6:
        raise SystemExit(__doc__)
    kiln, configuration, version, date, directory = sys.argv[1:]
    with open(configuration, encoding="utf-8") as file:
        text = file.read()
    pages = {"kiln.1": command_page(shlex.split(kiln), version, date),
             "kiln.toml.5": configuration_page(text, version, date)}
    for name, page in pages.items():
        with open(f"{directory}/{name}", "w", encoding="utf-8") as file:
            file.write(page)


if __name__ == "__main__":
    main()
