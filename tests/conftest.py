"""How the suite draws its examples: the same ones every time; others with `--hypothesis-profile=search`."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "fixed",
    derandomize=True,
    deadline=None,
    max_examples=60,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.register_profile("search", settings.get_profile("fixed"), derandomize=False, max_examples=2000)
settings.load_profile("fixed")
