"""The lives of sockets against those measured on Linux 6.18."""

import pytest

from twtop.core.lifetimes import (
    fin_wait_2_life,
    fin_wait_2_phases,
    keepalive_detection,
    orphan_life,
    shut_orphan_life,
    syn_recv_life,
    syn_sent_life,
    tw_reuse_delay,
    unacked_life,
)


def sysctls(**values: int) -> dict[str, str]:
    return {f"net.ipv4.tcp_{name}": str(value) for name, value in values.items()}


@pytest.mark.parametrize(
    ("timeout", "life"),
    [
        (2, 2),
        (5, 5),
        (30, 30),
        (59, 59),
        (60, 60),
        (61, 2),
        (65, 10),
        (75, 30),
        (90, 60),
        (120, 120),
        (180, 240),
    ],
)
def test_an_orphan_in_fin_wait_2_lives_twice_what_exceeds_a_minute(timeout: int, life: float) -> None:
    assert fin_wait_2_life(sysctls(fin_timeout=timeout)) == life


def test_the_two_phases_of_an_orphan() -> None:
    assert fin_wait_2_phases(sysctls(fin_timeout=60)) == (0, 60)
    assert fin_wait_2_phases(sysctls(fin_timeout=65)) == (5, 5)


@pytest.mark.parametrize("timeout", [0, -5])
def test_fin_wait_2_is_never_shorter_than_three_and_a_half_rto(timeout: int) -> None:
    assert fin_wait_2_life(sysctls(fin_timeout=timeout)) == 0.7


@pytest.mark.parametrize(
    ("retries", "linear", "cap", "measured"),
    [
        (6, 4, 120_000, 134.5),
        (1, 4, 120_000, 3.06),
        (2, 4, 120_000, 7.13),
        (3, 4, 120_000, 19.49),
        (2, 1, 120_000, 8.19),
        (2, 0, 120_000, 7.17),
        (3, 0, 2000, 7.06),
        (1, 0, 1000, 2.04),
        (6, 4, 1000, 7.16),
    ],
)
def test_syn_sent_is_nominally_up_to_three_percent_below_the_measured(
    retries: int, linear: int, cap: int, measured: float
) -> None:
    life = syn_sent_life(sysctls(syn_retries=retries, syn_linear_timeouts=linear, rto_max_ms=cap))
    assert life <= measured <= life * 1.03


def test_syn_sent_on_kernels_without_linear_timeouts() -> None:
    assert syn_sent_life(sysctls(syn_retries=6)) == 127
    assert syn_sent_life(sysctls(syn_retries=6, syn_linear_timeouts=4)) == 131


def test_syn_sent_without_any_retry_waits_once() -> None:
    assert syn_sent_life(sysctls(syn_retries=0)) == 1


def test_the_wait_between_syns_is_never_longer_than_two_minutes() -> None:
    assert syn_sent_life(sysctls(syn_retries=8)) == 127 + 120 + 120


def test_no_kernel_retries_as_often_as_a_text_may_say() -> None:
    for wrong, limit in ((9_999_999_999, 255), (-9, 0)):
        said = sysctls(syn_retries=wrong, synack_retries=wrong, orphan_retries=wrong, retries2=wrong)
        kept = sysctls(syn_retries=limit, synack_retries=limit, orphan_retries=limit, retries2=limit)
        for life in (syn_sent_life, syn_recv_life, orphan_life, unacked_life):
            assert life(said) == life(kept)


@pytest.mark.parametrize(("retries", "life"), [(0, 1), (1, 3), (5, 63)])
def test_syn_recv(retries: int, life: float) -> None:
    assert syn_recv_life(sysctls(synack_retries=retries)) == life


def test_the_cap_does_not_shorten_syn_recv() -> None:
    assert syn_recv_life(sysctls(synack_retries=5, rto_max_ms=1000)) == 63


@pytest.mark.parametrize(("retries", "life"), [(0, 102.2), (8, 102.2), (1, 0.6), (3, 3.0), (5, 12.6)])
def test_orphans_that_nobody_answers(retries: int, life: float) -> None:
    assert orphan_life(sysctls(orphan_retries=retries)) == pytest.approx(life)


@pytest.mark.parametrize(("cap", "measured"), [(1000, 2.72), (5000, 11.92)])
def test_a_low_cap_ends_orphans_when_their_rto_reaches_it(cap: int, measured: float) -> None:
    life = orphan_life(sysctls(orphan_retries=0, rto_max_ms=cap))
    assert life <= measured <= life + 1


@pytest.mark.parametrize(("cap", "measured"), [(1000, 2.5), (120_000, 330)])
def test_orphans_probe_a_shut_window_until_their_probes_are_as_rare_as_the_cap(
    cap: int, measured: float
) -> None:
    life = shut_orphan_life(sysctls(orphan_retries=1, rto_max_ms=cap))
    assert life <= measured <= life * 1.2


@pytest.mark.parametrize(
    ("retries", "cap", "life"), [(15, 120_000, 924.6), (8, 120_000, 102.2), (15, 1000, 14.4)]
)
def test_unacknowledged_data_in_an_owned_socket(retries: int, cap: int, life: float) -> None:
    assert unacked_life(sysctls(retries2=retries, rto_max_ms=cap)) == pytest.approx(life)


def test_keepalive_notices_after_two_hours_and_eleven_minutes() -> None:
    assert keepalive_detection(sysctls(keepalive_time=7200, keepalive_intvl=75, keepalive_probes=9)) == 7875


def test_reuse_waits_a_second_unless_told_otherwise() -> None:
    assert tw_reuse_delay({}) == 1
    assert tw_reuse_delay(sysctls(tw_reuse_delay=250)) == 0.25


def test_what_was_not_read_counts_with_its_default() -> None:
    assert fin_wait_2_life({}) == 60
    assert syn_sent_life({}) == 127
    assert syn_recv_life({}) == 63
    assert orphan_life({}) == pytest.approx(102.2)
    assert unacked_life({}) == pytest.approx(924.6)
    assert keepalive_detection({}) == 7875
    assert fin_wait_2_life({"net.ipv4.tcp_fin_timeout": "many"}) == 60
