"""Who did what to whom: a name of the claim stands to its verb and its neighbours as in the sentence."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from evidence.language.reading import read
from evidence.typed.matching import match
from evidence.typed.subjects import places
from evidence.verdicts import Rule, Verdict
from tests.evidence.material import passage, verdict

SUED = "Alice Carter sued Bob Dunn in 1999."
BOUGHT = "Northwind acquired Contoso for $3m while Fabrikam advised Litware."
OTHER_PLACES = [
    ("Bob Dunn sued Alice Carter in 1999.", SUED),
    ("Alice Carter was sued by Bob Dunn in 1999.", SUED),
    ("Fabrikam acquired Contoso for $3m.", BOUGHT),
    ("Northwind acquired Litware for $3m.", BOUGHT),
    ("Northwind advised Litware.", BOUGHT),
    ("Spain is in Valencia.", "Valencia is the third largest city in Spain after Madrid."),
    ("Madrid is in Spain.", "Valencia is the third largest city in Spain after Madrid."),
    ("Australia originated in Tango.", "Tango is a form of dance originating from Australia."),
    ("Harwich was launched in Larkspur.", "Larkspur was launched in Harwich."),
    ("Siva is a Tamil film.", "Veeram is a Tamil action film directed by Siva and produced by Nagi."),
    ("Vertex Records was released in October.", "Nightfall is an album, released in October by Vertex Records."),
    ("Orion is a drama.", "House is a drama that ran on the Orion network."),
    ("Bollywood is a film.", "Daag is a 1973 Bollywood drama film directed by Yash Chopra."),
    ("Argentina is a city.", "The Bahamas is the capital city of Argentina."),
    ("Tennessee formed in 2004.", "Paramore is a band from Franklin, Tennessee, formed in 2004."),
    ("Ann Lee was elected mayor by Grace Hall.", "Grace Hall was elected mayor by Ann Lee."),
    ("Ann Lee was born in Rome.", "Ann Lee was born in Ulm and died of a fever in Rome."),
    ("Ann Lee studied law at Yale.", "Ann Lee studied law at Brown and later taught history at Yale."),
    ("Ann Lee defeated Tom Burr.", "Ann Lee defeated Max Ford, and Joan Hill defeated Tom Burr."),
    ("Caution released the album Carey.", "On Friday, Carey released the album Caution."),
    ("Brussels moved from Paris to London.", "The agency moved from Paris to Brussels and London."),
]
SAME_PLACES = [
    ("Bob Dunn was sued by Alice Carter in 1999.", SUED),
    ("In 1999 Alice Carter sued Bob Dunn.", SUED),
    ("Northwind acquired Contoso.", BOUGHT),
    ("Contoso was acquired by Northwind.", BOUGHT),
    ("Fabrikam advised Litware.", BOUGHT),
    ("Valencia is in Spain.", "Valencia is the third largest city in Spain after Madrid."),
    ("Renato Rossi was born in Trieste.", "Born in Trieste, Renato Rossi comes from a family of engineers."),
    ("Bob Dunn married Alice Carter.", "Alice Carter married Bob Dunn."),
    ("Spain borders Portugal.", "Portugal borders Spain."),
    ("Bob Dunn and Alice Carter founded Northwind.", "Alice Carter and Bob Dunn founded Northwind."),
    ("Bob Dunn founded Northwind.", "Alice Carter and Bob Dunn founded Northwind."),
    ("Alice Carter founded Northwind.", "Alice Carter and Bob Dunn founded Northwind."),
    ("Ann Lee directed the film.", "The film is directed by Ann Lee and written by Neil Gaiman."),
    ("Ann Lee is the mother of Ada.", "Ada's mother is Ann Lee."),
    ("Norway has 5 million people.", "There are 5 million people in Norway."),
    ("Emma was released in 1815.", "The release of Emma was in 1815."),
    ("Paris is the capital of France.", "The city of Paris is the capital of France."),
    ("The film was directed by Ann Lee.", "Ann Lee directed the film, which Neil Gaiman wrote."),
    ("Oslo is the place where the treaty was signed.", "The treaty was signed in Oslo."),
    ("Ann Lee lives in Washington.", "Ann Lee lives in Seattle in Washington."),
    ("Ann Lee lives in Italy.", "Ann Lee lives in Trieste, Italy."),
    ("Ann Lee was awarded the Fields Medal.", "The Fields Medal was awarded to Ann Lee."),
    (
        "Alice Carter, the founder of Northwind, sued Bob Dunn.",
        "Alice Carter, the founder of Northwind, sued Bob Dunn.",
    ),
]


DOERS = [
    ("Nora Hale produced Brine.", "Brine is a drama produced by Ann Lee, Nora Hale and Max Ford."),
    ("Brine is an album by Max Ford.", "Brine is the only album by the actor and singer Max Ford."),
    ("Brine is a painting.", "Brine is a 1973 painting by Max Ford."),
    ("Dakota refused to sign the contract.", "Dakota declined to sign the contract."),
]


@pytest.mark.parametrize(("claim", "source"), DOERS)
def test_one_of_several_doers_and_a_maker_that_is_not_asked_for_are_supported(claim: str, source: str) -> None:
    assert verdict(claim, passage(source)).verdict is Verdict.SUPPORTED


@pytest.mark.parametrize(("claim", "source"), OTHER_PLACES)
def test_a_name_that_stands_for_something_else_in_the_sentence_is_not_supported(claim: str, source: str) -> None:
    assert verdict(claim, passage(source)).verdict is not Verdict.SUPPORTED


@pytest.mark.parametrize(("claim", "source"), SAME_PLACES)
def test_another_order_of_the_same_is_no_finding(claim: str, source: str) -> None:
    assert list(places(match(read(claim), read(source)))) == []


def test_the_finding_names_both_stretches() -> None:
    judged = verdict("Madrid is in Spain.", passage("Valencia is the third largest city in Spain after Madrid."))
    assert (judged.reason.value, judged.why) == (
        Rule.ROLES.value,
        "The source says after Madrid, the answer says Madrid is.",
    )


NAMES = st.sampled_from(["Alice Carter", "Bob Dunn", "Northwind", "Contoso", "Ann Lee", "Yorick Vane", "Fabrikam"])
VERBS = st.sampled_from(["sued", "acquired", "defeated", "hired", "criticised", "rescued", "overtook", "financed"])
PLACES = st.sampled_from(["", " in 1999", " in Oslo", " for $3m", " after a long dispute", ", it was reported"])


@given(one=NAMES, verb=VERBS, other=NAMES, rest=PLACES)
def test_who_does_it_and_to_whom_cannot_change_places(one: str, verb: str, other: str, rest: str) -> None:
    assume(one != other)
    source = passage(f"{one} {verb} {other}{rest}.")
    assert verdict(f"{one} {verb} {other}{rest}.", source).verdict is Verdict.SUPPORTED
    assert verdict(f"{other} {verb} {one}{rest}.", source).verdict is not Verdict.SUPPORTED


@given(one=NAMES, verb=VERBS, other=NAMES, rest=PLACES)
def test_names_joined_by_and_can_change_places(one: str, verb: str, other: str, rest: str) -> None:
    assume(one != other)
    source = passage(f"{one} and {other} {verb} Litware{rest}.")
    assert verdict(f"{other} and {one} {verb} Litware{rest}.", source).verdict is Verdict.SUPPORTED


@given(one=NAMES, verb=VERBS, other=NAMES, third=NAMES)
def test_a_name_of_another_clause_does_it_as_little(one: str, verb: str, other: str, third: str) -> None:
    assume(len({one, other, third}) == 3)
    source = passage(f"{one} {verb} {other} while {third} advised Litware.")
    assert verdict(f"{one} {verb} {other}.", source).verdict is Verdict.SUPPORTED
    assert verdict(f"{third} {verb} {other}.", source).verdict is not Verdict.SUPPORTED
    assert verdict(f"{one} {verb} {third}.", source).verdict is not Verdict.SUPPORTED


@given(
    st.lists(
        st.one_of(
            NAMES,
            VERBS,
            st.sampled_from(["is", "was", "by", "of", "in", "the", "a", "and", ",", "'s", "who", "to", "city"]),
        )
    )
)
def test_a_sentence_finds_every_name_of_its_own_in_its_place(parts: list[str]) -> None:
    text = " ".join(parts)
    assert list(places(match(read(text), read(text)))) == []
