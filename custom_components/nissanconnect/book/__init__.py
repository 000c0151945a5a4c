"""The book of each vehicle: written from its reports, kept in files, and shown."""
