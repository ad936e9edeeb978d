"""The example in client/python/examples/rag, over this repository's own pages."""

from __future__ import annotations

import shutil
import sys

import pytest

import tqdb

from .conftest import ROOT

sys.path.insert(0, str(ROOT / "client" / "python" / "examples" / "rag"))

import corpus  # noqa: E402
import rag  # noqa: E402


@pytest.fixture(scope="module")
def loaded(server, tmp_path_factory):
    folder = tmp_path_factory.mktemp("texts")
    (folder / "sub").mkdir()
    shutil.copy(ROOT / "docs" / "api.md", folder / "sub" / "api.md")
    (folder / "bread.txt").write_text(
        "Bread is baked from flour, water and yeast. Sourdough bread rises without added yeast. "
        "An oven at 240 degrees makes a good crust.\n"
    )
    (folder / "tea.txt").write_text(
        "Green tea should be brewed with water of 80 degrees. Black tea needs boiling water. "
        "A pot of tea stays warm under a cosy.\n"
    )
    (folder / "image.png").write_bytes(b"\x89PNG")
    with tqdb.Client(server.address) as client:
        made = rag.Rag(client, "rag")
        documents = list(corpus.read_folder(folder))
        assert [d.source for d in documents] == ["bread.txt", "sub/api.md", "tea.txt"]
        assert made.load(documents) == client.count("rag") > 10
        yield made


def sources(answer):
    return [hit.payload["source"] for hit in answer.hits]


def test_answers_come_from_the_right_text(loaded):
    answer = loaded.ask("How hot must the water for green tea be?", limit=3)
    assert sources(answer)[0] == "tea.txt"
    assert answer.sentences[0] == (
        "Green tea should be brewed with water of 80 degrees.",
        "tea.txt",
    )
    assert answer.context.startswith("[tea.txt] Green tea")
    answer = loaded.ask("What must the name of a collection look like?")
    assert "sub/api.md" in sources(answer)
    assert any("A-Za-z0-9" in hit.payload["text"] for hit in answer.hits)


def test_filters_keep_to_their_text(loaded):
    filter = rag.parse_where(["kind=txt", "chunk<=0"])
    answer = loaded.ask("durability of acknowledged writes", filter=filter)
    assert sorted(sources(answer)) == ["bread.txt", "tea.txt"]
    assert loaded.ask("anything", filter=rag.parse_where(["kind=pdf"])).sentences == []


def test_words_lift_the_texts_that_have_them(loaded):
    question = "warm things to eat and drink"
    words = loaded.ask(question, words="SOURDOUGH yeast", limit=1)
    assert sources(words) == ["bread.txt"]
    words = loaded.ask(question, words="cosy", limit=1)
    assert sources(words) == ["tea.txt"]


def test_loading_again_replaces(loaded):
    before = loaded.client.count("rag")
    text = "Cheese is made from milk."
    for _ in range(2):
        assert loaded.load([corpus.Document("cheese.txt", text, {"kind": "txt"})]) == 1
    assert loaded.client.count("rag") == before + 1


def test_chunks_are_whole_sentences_that_overlap():
    text = " ".join(f"Sentence number {i} has exactly seven words." for i in range(60))
    chunks = list(corpus.chunks(corpus.Document("s", text, {})))
    assert [c.number for c in chunks] == list(range(len(chunks))) and len(chunks) > 3
    assert all(len(c.text.split()) <= 120 for c in chunks)
    for before, after in zip(chunks, chunks[1:]):
        assert after.text.startswith(before.text.rsplit(". ", 1)[-1])
    assert corpus.sentences("# Title\nOne. Two!\n\n- item a\n- item b") == [
        "# Title", "One.", "Two!", "- item a", "- item b",
    ]  # fmt: skip


def test_debians_long_descriptions_are_unfolded():
    long = "a tool\n Does this\n and that.\n .\n   * item"
    assert corpus._unfold(long) == "a tool.\n\nDoes this\nand that.\n\n  * item"
