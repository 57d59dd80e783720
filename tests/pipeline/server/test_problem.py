from avel.pipeline.server.problem import Problem, missing, too_many


def test_a_problem_is_an_answer() -> None:
    problem = Problem(422, "WRONG", "a: is wrong; give b")
    assert problem.document == {"error": {"reason": "WRONG", "message": "a: is wrong; give b"}}
    assert problem.headers == {}


def test_when_to_come_again() -> None:
    assert too_many("FULL", "full", 7).headers == {"Retry-After": "7"}
    assert too_many("FULL", "full", 0).headers == {"Retry-After": "1"}


def test_what_is_missing_is_named_in_short() -> None:
    problem = missing("video", "x" * 200)
    assert problem.status == 404
    assert problem.message == f"video '{'x' * 40}' is not there; list what is, and ask again"
