"""A queue of jobs on a feed: submit arrays, and have a worker summarise them.

    python examples/job_queue.py work                      # in one terminal; Ctrl-C stops it
    python examples/job_queue.py submit a.npy b.npy        # in another one

Jobs and results are messages of two subfeeds of one feed; the arrays travel as files, by their
addresses. Everything that was submitted stays in the feed: a worker that starts anew does what has
no result yet, and both sides go on where they were when the daemon restarts.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

import kachery_p2p as kp


def work(feed: kp.Feed) -> None:
    """Does the jobs that have no result yet, then each new one as it comes."""
    jobs, results = feed.get_subfeed("jobs"), feed.get_subfeed("results")
    done = {result["job"] for result in results}
    with jobs.follow() as stream:
        for job in stream:
            number = stream.position - 1
            if number not in done:
                results.append_message({"job": number, **outcome(job)})
                print(f"job {number}: {job['name']}", flush=True)


def outcome(job: dict[str, Any]) -> dict[str, Any]:
    """The summary of the job's array, or why there is none."""
    try:
        array = kp.load_npy(job["uri"], mmap_mode="r")
        if array is None:
            return {"error": f"nobody has {job['uri']}"}
        summary = {
            "min": float(array.min()),
            "mean": float(array.mean()),
            "max": float(array.max()),
        }
        return {"shape": list(array.shape), **summary}
    except (kp.KacheryError, ValueError) as error:
        return {"error": str(error)}


def submit(feed: kp.Feed, paths: list[str]) -> bool:
    """Submits a job for each file and prints the results as they come; tells if all went well."""
    jobs, results = feed.get_subfeed("jobs"), feed.get_subfeed("results")
    waiting: dict[int, str] = {}
    all_well = True
    with results.follow(results.get_num_local_messages()) as stream:
        for path in paths:
            job = {"name": path, "uri": kp.store_file(path)}
            send = jobs.append_message if jobs.is_writeable() else jobs.submit_message
            waiting[send(job)] = path
        while waiting:
            result = next(stream)
            path = waiting.pop(result.pop("job"), None)
            if path is not None:
                print(f"{path}: {result}", flush=True)
                all_well = all_well and "error" not in result
    return all_well


def main() -> int:
    """Runs what the command line says; returns the exit code."""
    parser = argparse.ArgumentParser(description="A queue of jobs on a feed.")
    parser.add_argument("--feed", default="job-queue", help="name or feed:// address of the feed")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("work", help="do jobs until Ctrl-C")
    submission = commands.add_parser("submit", help="submit jobs and wait for their results")
    submission.add_argument("paths", nargs="+", metavar="FILE.npy")
    arguments = parser.parse_args()
    try:
        feed = kp.load_feed(arguments.feed, create=True)
        if arguments.command == "submit":
            return 0 if submit(feed, arguments.paths) else 1
        work(feed)
        return 0
    except kp.KacheryError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
