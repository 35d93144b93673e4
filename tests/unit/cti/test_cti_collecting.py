"""The collector leaves alone what lives as long as the server."""

import gc

from cti.collecting import collect_seldom


def test_what_is_loaded_is_not_searched_again():
    before, loaded = gc.get_threshold(), len(gc.get_objects())
    try:
        collect_seldom()
        assert gc.get_freeze_count() > 0.8 * loaded
        assert len(gc.get_objects()) < 0.2 * loaded
        assert gc.get_threshold()[0] > before[0]
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
