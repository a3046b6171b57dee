"""How long merchants were without service."""

import dataclasses


@dataclasses.dataclass
class Window:
    errors_s: float   # from the first failed call to the moment when everybody whose call failed has succeeded again
    failed: int
    calls: int
    slowest_s: float  # the longest that a call took
    pause_s: float    # the longest without an acknowledgement of a payment

    def __str__(self):
        return (f"errors for {self.errors_s:.2f} s ({self.failed} of {self.calls} calls), nothing acknowledged for "
                f"{self.pause_s:.2f} s, slowest answer {self.slowest_s:.2f} s")


def window(calls, begin, end):
    """Of the calls that were under way between two moments."""
    calls = sorted((call for call in calls if call.ended > begin and call.began < end), key=lambda call: call.ended)
    failed = [call for call in calls if not call.answered]
    times = [begin, *(call.ended for call in calls if call.created and call.ended < end), end]
    return Window(
        errors_s=error_window_s(calls, failed),
        failed=len(failed),
        calls=len(calls),
        slowest_s=max((call.ended - call.began for call in calls), default=0),
        pause_s=max(later - earlier for earlier, later in zip(times, times[1:])),
    )


def error_window_s(calls, failed):
    if not failed:
        return 0.0
    recovered = []
    for merchant in {call.merchant for call in failed}:
        last = max(call.ended for call in failed if call.merchant == merchant)
        later = [call.ended for call in calls if call.merchant == merchant and call.answered and call.began >= last]
        recovered.append(min(later, default=max(call.ended for call in calls)))
    return max(recovered) - min(call.began for call in failed)
