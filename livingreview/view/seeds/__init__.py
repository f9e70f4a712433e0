"""What one seed review asked, searched, cites, tabulates, states and concludes, beside the data."""
