DELETE FROM ported_books;
