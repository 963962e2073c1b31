"""`python -m offline_transfer.cli` is `offline-transfer`."""

from offline_transfer.cli.main import main

if __name__ == "__main__":
    main()
