"""What holds for every request and its answer, whoever asks: methods, hosts, redirects, numbers, files."""
