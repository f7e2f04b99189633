"""What several test modules share: servers, small models, files. No test is here."""
