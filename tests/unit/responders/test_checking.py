import pytest

from classifiers.types import ModelUnavailable
from responders.checking import LazyChecker, Readiness
from tests.reply_world import Checker


def test_it_is_loaded_once_at_the_first_use() -> None:
    loads: list[Checker] = []

    def load() -> Checker:
        loads.append(Checker())
        return loads[-1]

    checker = LazyChecker(load=load)
    assert checker.readiness is Readiness.COLD
    assert checker.check("Thank you").verdict == "pass"
    assert checker.check("Thank you").verdict == "pass"
    assert checker.readiness is Readiness.READY
    assert len(loads) == 1


@pytest.mark.parametrize("fault", [ModelUnavailable("model.onnx is missing"), OSError("too many open files")])
def test_what_cannot_be_loaded_says_so_and_is_tried_again(fault: Exception) -> None:
    faults = [fault]

    def load() -> Checker:
        if faults:
            raise faults.pop()
        return Checker()

    checker = LazyChecker(load=load)
    with pytest.raises(ModelUnavailable, match=str(fault)):
        checker.check("Thank you")
    assert checker.readiness is Readiness.FAILED
    assert checker.check("Thank you").verdict == "pass"
    assert checker.readiness is Readiness.READY
