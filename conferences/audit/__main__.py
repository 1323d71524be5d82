"""``python -m conferences.audit FILE``: verify an export or a proof on a machine that has neither Django nor a database."""

import sys
from argparse import ArgumentParser

from conferences.audit.arguments import add_verify_arguments, question_of
from conferences.audit.report import report

if __name__ == "__main__":
    parser = ArgumentParser(prog="python -m conferences.audit", description="Verify an audit export or proof, offline.")
    add_verify_arguments(parser)
    sys.exit(
        report(
            question_of(vars(parser.parse_args())),
            say=lambda line: sys.stdout.write(line + "\n"),
            complain=lambda line: sys.stderr.write(line + "\n"),
        )
    )
