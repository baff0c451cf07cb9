DROP TABLE ported_books;
