/** A small house in which each rule is broken once, for {@code HouseTest}. */
package dev.millrace.planted;
