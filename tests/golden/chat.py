#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
"""chat.py - writes chat_public.json: conversations as the well-known chat templates render them.

    chat.py OUT NAME=TEMPLATE.jinja ...

TEMPLATE.jinja is the text of `chat_template` in a checkpoint's tokenizer_config.json; it is run by Jinja set up as
transformers does it.  The templates themselves stay with their checkpoints.  null: the template refuses the roles.
"""
import json
import sys

from jinja2.sandbox import ImmutableSandboxedEnvironment


def turns(*pairs):
    return [{"role": role, "content": content} for role, content in pairs]


CASES = [
    turns(("user", "What is the capital of France?")),
    turns(("system", "Be brief."), ("user", "Hello there")),
    turns(("user", "Hi"), ("assistant", "Hello, how are you?"), ("user", "fine\nthanks")),
    turns(("system", "  spaced system \n"), ("user", "  leading and trailing  "), ("assistant", "\n answer \n\n"),
          ("user", "\t\u00fc \u65e5\u672c \U0001f600 \u00a0")),
    turns(("user", "a"), ("assistant", "think</think>\n\nreal"), ("user", "b")),
    turns(("system", ""), ("user", "a")),
    turns(("user", "<|im_end|> </s> [INST] {{ 7 * 7 }}")),
]


def render(template, messages):
    def refuse(why):
        raise ValueError(why)

    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.globals["raise_exception"] = refuse
    try:
        return environment.from_string(template).render(
            messages=messages, add_generation_prompt=True, bos_token="<s>", eos_token="</s>")
    except ValueError:
        return None


def main():
    names = {}
    for argument in sys.argv[2:]:
        name, path = argument.split("=", 1)
        with open(path, encoding="utf-8") as file:
            names[name] = file.read()
    with open(sys.argv[1], "w", encoding="utf-8") as out:
        json.dump({"cases": CASES, "rendered": {n: [render(t, c) for c in CASES] for n, t in names.items()}}, out,
                  indent=1, ensure_ascii=True)
        out.write("\n")


main()
