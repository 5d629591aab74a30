"""The names that a scenario imports, as `from sessionlab import …`."""

from sessionlab.lab.clients.client import Client
from sessionlab.lab.cluster.cluster import Cluster
from sessionlab.lab.cluster.deploys.blue_green import BlueGreen
from sessionlab.lab.cluster.deploys.interface import Deploy
from sessionlab.lab.cluster.deploys.recreate import Recreate
from sessionlab.lab.cluster.deploys.rolling import Rolling
from sessionlab.lab.description.cluster import Description, Service
from sessionlab.lab.description.tokens import altered, read_token, resigned, unsigned
from sessionlab.lab.errors import (
    DeployError,
    LabError,
    NothingShown,
    Skip,
    StartError,
    StepError,
    UsageError,
)
from sessionlab.lab.record.answers import Answer, Answers, together
from sessionlab.lab.record.claims import Claim, MoreThan, share
from sessionlab.lab.record.history import Ending, History, Operation
from sessionlab.lab.record.intervals import Counted, Predicted
from sessionlab.lab.scenario.lab import Lab, Settings
from sessionlab.lab.scenario.scenario import Scenario, scenario
from sessionlab.lab.verdicts.fates import Fate
from sessionlab.lab.verdicts.results import Outcome, RunResult, ScenarioResult
from sessionlab.lab.verdicts.users import Users

__all__ = [
    "Answer",
    "Answers",
    "BlueGreen",
    "Claim",
    "Client",
    "Cluster",
    "Counted",
    "Deploy",
    "DeployError",
    "Description",
    "Ending",
    "Fate",
    "History",
    "Lab",
    "LabError",
    "MoreThan",
    "NothingShown",
    "Operation",
    "Outcome",
    "Predicted",
    "Recreate",
    "Rolling",
    "RunResult",
    "Scenario",
    "ScenarioResult",
    "Service",
    "Settings",
    "Skip",
    "StartError",
    "StepError",
    "UsageError",
    "Users",
    "altered",
    "main",
    "read_token",
    "resigned",
    "scenario",
    "share",
    "together",
    "unsigned",
]


def main(story: Scenario) -> None:
    """Run one scenario as a program; see `lab.cli.script`."""
    from sessionlab.lab.cli.script import main as run_script  # noqa: PLC0415  the command line is a layer up

    run_script(story)
