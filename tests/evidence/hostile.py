"""Texts that make careless patterns slow: what is asked of everybody at 100 kB, the rest at 30 kB."""


def thirty(piece: str) -> str:
    return piece * (30_000 // len(piece))


HOSTILE = {
    "no_punctuation": "word " * 20_000,
    "dots": "." * 100_000,
    "nested_brackets": "[" * 50_000 + "]" * 50_000,
    "long_words": ("x" * 10_000 + " ") * 10,
    "spaces": "a" + " " * 100_000 + "b",
    "blank_lines": "\n" * 100_000,
    "nested_parentheses": thirty("(") + thirty(")"),
    "glued": thirty("ab.Cd"),
    "citations": thirty("a.[1]"),
    "open_citations": thirty(".[1]("),
    "items": thirty("- a\n"),
    "headings": thirty("# a\n"),
    "underlines": thirty("a\n==\n"),
    "quotes": thirty("> "),
    "quoted_lines": thirty("\n>"),
    "front_matter": "---\n" + thirty("a: b\n"),
    "initials": thirty("A. "),
    "comments": thirty("<!--"),
    "numbers": thirty("1. "),
    "links": thirty("[a]("),
    "tags": thirty("<a "),
    "joints": thirty("a is b, and "),
    "joints_in_sentences": ("a is b, and " * 80 + ". ") * 30,
    "cells": thirty("|a"),
    "tables": thirty("|a|\n|--|\n"),
    "stars": thirty("*a"),
    "introductions": thirty("b ") + ":\n" + thirty("- a\n"),
    "short_sentences": thirty("Ab c. "),
    "ideographic_stops": thirty("。"),
}
