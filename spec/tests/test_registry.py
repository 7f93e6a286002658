"""The registry holds the article's statements, each once, under the permanent names of equations.md."""

from __future__ import annotations

import pytest

from backproof_spec import UnknownClauseError, clause, clause_of, clauses, get_clause, registry

#: equations.md, typed in by hand: id -> (slug, image)
ARTICLE = {
    "E1": ("forward-propagation", "2e047a8a"),
    "E2": ("bias-as-weight", "8d660784"),
    "E3": ("error-function", "508f0287"),
    "E4": ("squared-loss", "0e4f8824"),
    "E5": ("log-loss", "6aeb6075"),
    "E6": ("cross-entropy-loss", "16427742"),
    "E7": ("error-gradient", "9e4c8524"),
    "E8": ("single-sample-gradient", "4c05fc19"),
    "E9": ("weight-chain-rule", "5b2ebf30"),
    "E10": ("net-input-by-weight", "6e8e99ac"),
    "E11": ("weight-gradient", "68874ddc"),
    "E12": ("delta-chain-rule", "421c4f1e"),
    "E13": ("delta-chain-rule-split", "ebf1c7d0"),
    "E14": ("delta-by-next-deltas", "22b181fe"),
    "E15": ("net-input-by-activation", "81f8b1fe"),
    "E16": ("delta-by-weights", "d4d3213d"),
    "E17": ("delta-rule", "07713282"),
    "E18": ("sigmoid", "8b893ba6"),
    "E19": ("sigmoid-derivative", "a5d3aa3f"),
    "E20": ("sigmoid-activation-derivative", "aead0691"),
    "E21": ("sigmoid-delta-rule", "cdfe6a79"),
    "E22": ("output-delta", "778baeef"),
    "E23": ("regression-output-delta", "0094fabb"),
    "E24": ("binary-output-delta", "b6c2385c"),
    "E25": ("multiclass-output-delta", "2444f227"),
    "E26": ("gradient-descent", "4136bc6f"),
    "E27": ("weight-gradient-recalled", "0bfefb24"),
    "E28": ("update-rule", "cc43d67d"),
    "A1": ("backpropagation-algorithm", "3204b2cb"),
    "M1": ("batch-gradient-descent", None),
    "M2": ("stochastic-gradient-descent", None),
    "M3": ("mini-batch-gradient-descent", None),
    "X1": ("example-network", "81bd7b7f"),
    "X2": ("example-forward", "bb8913ae"),
    "X3": ("example-output-delta", "761010e4"),
    "X4": ("example-backward", "5110588e"),
    "X5": ("example-descent", "c8d0580a"),
    "X6": ("example-second-forward", "973181d8"),
    "V1": ("vanishing-gradient", None),
}

#: judgement.md, "Kinds of clauses": the carriers of each derived clause; every other clause is observed
CARRIERS = {
    "E2": ("E1",),
    **dict.fromkeys(("E7", "E8", "E9", "E10", "E27"), ("E11",)),
    **dict.fromkeys(("E12", "E13", "E14", "E15", "E16", "E19", "E20", "E21"), ("E17",)),
    **dict.fromkeys(("E23", "E24", "E25"), ("E22",)),
    "E28": ("E11", "E26"),
    "X1": ("E1",),
    "X2": ("E1", "E18"),
    "X3": ("E22",),
    "X4": ("E17",),
    "X5": ("E26",),
    "X6": ("E1", "E18"),
}


@pytest.fixture(autouse=True)
def _registry_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a test registers is gone after it."""
    monkeypatch.setattr(registry, "_CLAUSES", dict(registry._CLAUSES))


def test_the_article_is_registered() -> None:
    """Exactly the ids of equations.md are registered, in its order, with its slugs and images."""
    found = {c.id: (c.slug, c.image) for c in clauses() if not c.id.startswith("B-")}
    assert found == ARTICLE
    assert list(found) == list(ARTICLE)


def test_slugs_are_unique() -> None:
    """No two clauses share a slug: a slug is a permanent name."""
    slugs = [c.slug for c in clauses()]
    assert len(slugs) == len(set(slugs))


@pytest.mark.parametrize("name", ARTICLE)
def test_a_clause_is_found_by_id_and_by_slug(name: str) -> None:
    """Both names of a clause lead to it, whatever the case of the letters."""
    found = get_clause(name)
    assert found.id == name
    assert get_clause(name.lower()) is found
    assert get_clause(found.slug) is found
    assert get_clause(f" {found.slug.upper()} ") is found


@pytest.mark.parametrize("name", ARTICLE)
def test_a_clause_is_observed_or_carried(name: str) -> None:
    """A derived clause names its carriers, all of them observed; every other clause is observed."""
    found = get_clause(name)
    assert found.via == CARRIERS.get(name, ())
    assert found.observed == (name not in CARRIERS)
    assert all(get_clause(carrier).observed for carrier in found.via)


@pytest.mark.parametrize("name", ARTICLE)
def test_a_clause_says_what_it_is(name: str) -> None:
    """Every clause has a section, a formula, and a statement of one sentence without a line break."""
    found = get_clause(name)
    assert found.section
    assert found.latex
    assert found.statement.endswith(".")
    assert "\n" not in found.statement


@pytest.mark.parametrize(("id_", "slug"), [("E17", "delta-rule-again"), ("E99", "delta-rule"), ("E17", "delta-rule")])
def test_doubles_are_refused(id_: str, slug: str) -> None:
    """An id or a slug that is taken cannot be registered again, and the first clause stays."""
    before = get_clause("E17")
    with pytest.raises(ValueError, match=rf"clause {id_} `{slug}`: id or slug already registered as E17 `delta-rule`"):
        clause(id_, slug=slug, section="", latex="")(lambda: None)
    assert get_clause("E17") is before


def test_a_free_name_is_accepted() -> None:
    """The twin of the doubles: a new id with a new slug is registered, and the function comes back unchanged."""

    def function() -> None:
        """Nothing happens.

        Really nothing.
        """

    assert clause("B-nothing", slug="nothing", section="Behaviour", latex="")(function) is function
    assert get_clause("b-nothing").function is function
    assert get_clause("nothing").statement == "Nothing happens."
    assert [c.id for c in clauses()][-1] == "B-nothing"


@pytest.mark.parametrize(
    ("name", "near"),
    [("delta-rul", "delta-rule"), ("E171", "E17"), ("sigmod", "sigmoid"), ("zzzzzz", "E1, E2, E3")],
)
def test_unknown_names_are_answered_with_near_ones(name: str, near: str) -> None:
    """The message of an unknown clause shows what was asked for, what is expected, and the nearest names."""
    with pytest.raises(UnknownClauseError) as caught:
        get_clause(name)
    message = str(caught.value)
    start = f"no clause {name!r}; expected an id such as E17 or a slug such as delta-rule; nearest: "
    assert message.startswith(start)
    assert near in message.removeprefix(start)
    assert isinstance(caught.value, KeyError)


def test_the_clause_of_a_function_is_found_and_any_other_function_is_refused() -> None:
    """The way back from a formula to its clause, and its negative twin."""
    for known in clauses():
        assert clause_of(known.function) is known
    with pytest.raises(UnknownClauseError, match="'len' is the function of no clause"):
        clause_of(len)
