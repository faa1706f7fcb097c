"""Keeps the SDKs from telling others what runs are about: neither by tracing nor in their own log lines.

LangChain and LangGraph send every prompt and every state to LangSmith as soon as ``LANGSMITH_TRACING=true`` is in the
environment, where a developer's shell profile may have put it. A run holds personal data, so here the environment has
no say. Metrics and the ledger are where runs are watched.
"""

import logging

import langsmith

# At DEBUG these write whole prompts and answers; at ERROR the MCP client writes what a server sent.
QUIET = {
    "openai": logging.WARNING,
    "httpx2": logging.WARNING,
    "httpcore2": logging.WARNING,
    "langchain_openai": logging.WARNING,
    "langsmith": logging.WARNING,
    "mcp.client": logging.CRITICAL,
    "mcp.shared": logging.CRITICAL,
}


def switch_off() -> None:
    """Switch tracing off for this process, whatever the environment says, and quieten the SDKs' loggers."""
    langsmith.configure(enabled=False)
    for name, level in QUIET.items():
        logging.getLogger(name).setLevel(level)
